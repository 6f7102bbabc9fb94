import { createConnection } from 'mysql2/promise';

import { startEtcd } from '../../support/servers/etcd.ts';
import { startMariadb } from '../../support/servers/mariadb.ts';
import { startNats } from '../../support/servers/nats.ts';
import { startPostgres } from '../../support/servers/postgres.ts';
import { startRedis } from '../../support/servers/redis.ts';
import type { Backend } from './world.ts';

// Locks in files go by the clock of the machine, which is one for all.
export const sqlite: Backend = { name: 'SQLite', storage: 'sqlite', durable: true, needsWallClock: true };
export const folder: Backend = { name: 'a folder', storage: 'file', durable: true, needsWallClock: true };
export const redis: Backend = {
  name: 'Redis that writes to disk first',
  storage: 'redis',
  durable: true,
  start: () => startRedis({ persistent: true }),
};
export const forgetfulRedis: Backend = {
  name: 'Redis that keeps nothing on disk',
  storage: 'redis',
  durable: false,
  start: () => startRedis(),
};
export const postgres: Backend = {
  name: 'PostgreSQL',
  storage: 'postgres',
  durable: true,
  start: () => startPostgres(),
};
// Its client connects again once the wall clock has passed its last attempt: set back by an hour, in an hour.
export const nats: Backend = {
  name: 'NATS',
  storage: 'nats',
  durable: true,
  needsWallClock: true,
  start: () => startNats(),
};
// Its client counts the deadlines of calls on the wall clock. A server that starts elects itself, for a second if nobody
// says otherwise, which would be most of the time of a campaign.
export const etcd: Backend = {
  name: 'etcd',
  storage: 'etcd',
  durable: true,
  needsWallClock: true,
  start: () => startEtcd(['--heartbeat-interval=10', '--election-timeout=100']),
};
export const mariadb: Backend = {
  name: 'MariaDB',
  storage: 'mysql',
  durable: true,
  start: async () => {
    const server = await startMariadb();
    const connection = await createConnection(server.url);
    await connection.query('CREATE DATABASE locks');
    await connection.end();
    return server;
  },
};

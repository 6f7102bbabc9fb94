import { createConnection } from 'mysql2/promise';
import { describe, expect, it } from 'vitest';

import { describeWith } from '../support/describe-with.ts';
import { startEtcd } from '../support/servers/etcd.ts';
import { startMariadb } from '../support/servers/mariadb.ts';
import { startNats } from '../support/servers/nats.ts';
import { startPostgres } from '../support/servers/postgres.ts';
import { startRedis } from '../support/servers/redis.ts';
import { campaign, summary } from './campaign/campaign.ts';
import { chosenRounds, chosenSeed, seededRandom } from './campaign/random.ts';
import { type Backend, World } from './campaign/world.ts';

// Locks in files go by the clock of the machine, which is one for all.
const sqlite: Backend = { name: 'SQLite', storage: 'sqlite', durable: true, needsWallClock: true };
const folder: Backend = { name: 'a folder', storage: 'file', durable: true, needsWallClock: true };
const redis: Backend = {
  name: 'Redis that writes to disk first',
  storage: 'redis',
  durable: true,
  start: () => startRedis({ persistent: true }),
};
const forgetfulRedis: Backend = {
  name: 'Redis that keeps nothing on disk',
  storage: 'redis',
  durable: false,
  start: () => startRedis(),
};
const postgres: Backend = { name: 'PostgreSQL', storage: 'postgres', durable: true, start: () => startPostgres() };
// Its client connects again once the wall clock has passed its last attempt: set back by an hour, in an hour.
const nats: Backend = { name: 'NATS', storage: 'nats', durable: true, needsWallClock: true, start: () => startNats() };
// Its client counts the deadlines of calls on the wall clock.
const etcd: Backend = { name: 'etcd', storage: 'etcd', durable: true, needsWallClock: true, start: () => startEtcd() };
const mariadb: Backend = {
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

const rounds = chosenRounds();
const limitMs = 120_000 + (rounds ?? 0) * 20_000;

function promise(backend: Backend): void {
  it(
    `${backend.name}: one holder at a time, rising tokens and an end to every acquire, whatever fails`,
    async () => {
      const report = await campaign(backend, { seed: chosenSeed(), rounds });
      console.log(summary(backend, report));
      expect(report.problems).toEqual([]);
      expect(report.possessions).toBeGreaterThan(report.faults);
    },
    limitMs,
  );
}

describe('locks in files', () => {
  promise(sqlite);
  promise(folder);
});
describeWith('redis-server', 'locks in Redis', () => {
  promise(redis);
  promise(forgetfulRedis);
});
describeWith('postgres', 'locks in PostgreSQL', () => promise(postgres));
describeWith('mariadbd', 'locks in MariaDB', () => promise(mariadb));
describeWith('etcd', 'locks in etcd', () => promise(etcd));
describeWith('nats-server', 'locks in NATS', () => promise(nats));

describe('the campaign', () => {
  it('is not content with locks that do not exclude other processes', async () => {
    const world = await World.start({ backend: sqlite, random: seededRandom(1), clients: ['one', 'two'], apart: true });
    try {
      const { problems } = await world.finish(1_000);
      expect(problems.join('\n')).toContain('began while');
      expect(problems.join('\n')).toContain('has a token that was given before');
    } finally {
      await world.end();
    }
  }, 60_000);
});

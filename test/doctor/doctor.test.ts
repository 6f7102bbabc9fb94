import { join } from 'node:path';

import { type LockStorage, MemoryStorage, doctor, formatFindings } from '@lockscope/storage';
import { FileStorage } from '@lockscope/storage-file';
import { MysqlStorage } from '@lockscope/storage-mysql';
import { NatsStorage } from '@lockscope/storage-nats';
import { PostgresStorage } from '@lockscope/storage-postgres';
import { quorum } from '@lockscope/storage-quorum';
import { RedisStorage } from '@lockscope/storage-redis';
import { SqliteStorage } from '@lockscope/storage-sqlite';
import { createConnection } from 'mysql2/promise';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { describeWith } from '../support/describe-with.ts';
import { startMariadb } from '../support/servers/mariadb.ts';
import { startNats } from '../support/servers/nats.ts';
import { startPostgres } from '../support/servers/postgres.ts';
import { startRedis } from '../support/servers/redis.ts';
import type { TestServer } from '../support/servers/server.ts';
import { closed, newFolder, sick } from './places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const undos: (() => unknown)[] = [];
const after = (undo: () => unknown): void => void undos.push(undo);

afterEach(async () => {
  for (const undo of undos.splice(0).toReversed()) await undo();
});

/** What a doctor says is not fine; with the whole text when a test fails. */
async function diagnosis(storage: LockStorage): Promise<string[]> {
  // A machine that is busy with other tests answers slowly; how slow is judged in the tests of the doctor itself.
  const findings = await doctor(closed(after, storage), { leaseMs: 600_000, timeoutMs: 10_000 });
  return sick(findings).map((line) => line + (line.startsWith('problem') ? `\n${formatFindings(findings)}` : ''));
}

/** It leaves no lock, and says of a server that is gone that it does not answer, and nothing else. */
async function keepsItsManners(storage: LockStorage, server: TestServer): Promise<void> {
  closed(after, storage);
  await doctor(storage, { timeoutMs: 10_000 });
  for await (const { record } of storage.list()) expect.unreachable(`${record.key} is still held`);
  await server.kill();
  const findings = await doctor(storage, { timeoutMs: 3_000 });
  expect(sick(findings).filter((line) => line.startsWith('problem'))).toEqual(['problem answer']);
}

describe('a doctor of storages without a server', () => {
  it('finds nothing wrong with SQLite, a folder and a memory, except that a memory forgets', async () => {
    const folder = newFolder(after);
    expect(await diagnosis(new SqliteStorage({ path: join(folder, 'locks.db') }))).toEqual([]);
    expect(await diagnosis(new FileStorage({ path: join(folder, 'locks') }))).toEqual([]);
    expect(await diagnosis(new MemoryStorage())).toEqual(['warning durable']);
  });

  it('finds a path that does not exist', async () => {
    const path = join(newFolder(after), 'missing', 'locks.db');
    const findings = await doctor(closed(after, new SqliteStorage({ path })));
    expect(sick(findings)).toEqual(['problem answer']);
    expect(findings[0]?.message).toContain('does not exist');
  });

  it('finds a quorum that is even', async () => {
    const folder = newFolder(after);
    const nodes = (count: number): LockStorage[] =>
      Array.from({ length: count }, (_, index) => new SqliteStorage({ path: join(folder, `${count}-${index}.db`) }));
    expect(await diagnosis(quorum(nodes(3)))).toEqual([]);
    expect(await diagnosis(quorum(nodes(4)))).toEqual(['warning quorum-size']);
  });
});

describeWith('redis-server', 'a doctor of Redis', () => {
  it('finds nothing wrong with one that writes everything down', async () => {
    const server = await startRedis({ persistent: true });
    after(() => server.stop());
    expect(await diagnosis(new RedisStorage({ url: server.url }))).toEqual([]);
  });

  it('finds one that throws keys away when its memory is full', async () => {
    const server = await startRedis({
      persistent: true,
      args: ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'],
    });
    after(() => server.stop());
    const findings = await doctor(closed(after, new RedisStorage({ url: server.url })));
    expect(sick(findings)).toEqual(['problem eviction-policy']);
    expect(findings[0]).toMatchObject({ message: expect.stringContaining('allkeys-lru'), remedy: expect.any(String) });
  });

  it('leaves no lock, and tells a server that is gone', async () => {
    const server = await startRedis({ persistent: true });
    after(() => server.stop());
    await keepsItsManners(new RedisStorage({ url: server.url }), server);
  });
});

describeWith(['postgres', 'initdb'], 'a doctor of PostgreSQL', () => {
  for (const persistent of [true, false]) {
    it(persistent ? 'finds nothing wrong with one that writes everything down' : 'finds fsync = off', async () => {
      const server = await startPostgres({ persistent });
      after(() => server.stop());
      const storage = closed(after, new PostgresStorage({ connection: server.url }));
      const findings = await doctor(storage, { leaseMs: 600_000 });
      expect(sick(findings), formatFindings(findings)).toEqual(persistent ? [] : ['problem durability']);
    });
  }

  it('leaves no lock, and tells a server that is gone', async () => {
    const server = await startPostgres();
    after(() => server.stop());
    await keepsItsManners(new PostgresStorage({ connection: server.url }), server);
  });
});

describeWith(['mariadbd', 'mariadb-install-db'], 'a doctor of MariaDB', () => {
  async function start(persistent: boolean): Promise<{ server: TestServer; url: string }> {
    const server = await startMariadb({ persistent });
    after(() => server.stop());
    const connection = await createConnection({ uri: server.url });
    await connection.query('CREATE DATABASE locks');
    await connection.end();
    return { server, url: `${server.url}/locks` };
  }

  for (const persistent of [true, false]) {
    it(persistent ? 'finds nothing wrong with one that writes everything down' : 'warns of late commits', async () => {
      const { url } = await start(persistent);
      expect(await diagnosis(new MysqlStorage({ url }))).toEqual(persistent ? [] : ['warning durability']);
    });
  }

  it('leaves no lock, and tells a server that is gone', async () => {
    const { server, url } = await start(false);
    await keepsItsManners(new MysqlStorage({ url }), server);
  });
});

describeWith('nats-server', 'a doctor of NATS', () => {
  it('finds one server alone, and a bucket in memory', async () => {
    const server = await startNats();
    after(() => server.stop());
    expect(await diagnosis(new NatsStorage({ servers: server.url }))).toEqual(['warning replicas']);
    expect(await diagnosis(new NatsStorage({ servers: server.url, bucket: 'memory', store: 'memory' }))).toEqual([
      'warning durable',
      'warning replicas',
      'warning store',
    ]);
  });

  it('leaves no lock, and tells a server that is gone', async () => {
    const server = await startNats();
    after(() => server.stop());
    await keepsItsManners(new NatsStorage({ servers: server.url }), server);
  });
});

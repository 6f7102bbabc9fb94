import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { sourceProgram } from '../../../../test/support/source-program.ts';
import { admin, closesAfterEach, granted, handed, later, request, storageOn, until, wait } from './clients.ts';

// Processes start in some 0.3 s and share two processors with other test files.
const patience = 60_000;

let server: RedisTestServer;
let program: string;
closesAfterEach();

async function start(kind: string, counter: string, rounds: number): Promise<ChildProcess> {
  const child = fork(program, [kind, String(server.port), counter, String(rounds)], { execArgv: [] });
  later(() => child.kill('SIGKILL'));
  await once(child, 'message');
  return child;
}

describeWith('redis-server', 'several processes', () => {
  beforeAll(async () => {
    [server, program] = await Promise.all([startRedis(), sourceProgram(new URL('contender.ts', import.meta.url))]);
  });
  afterAll(() => server.stop());
  beforeEach(() => admin(server, 'FLUSHALL'));

  test(
    'never lose a count of a counter that is not atomic, whichever client they have, and tokens follow their order',
    async () => {
      const counter = join(server.folder, 'counter');
      writeFileSync(counter, '0');
      const children = await Promise.all(
        ['ioredis', 'redis', 'ioredis', 'redis'].map((kind) => start(kind, counter, 50)),
      );
      const done = children.map((child) => once(child, 'message'));
      for (const child of children) child.send('go');
      await Promise.all(done);
      expect(Number(readFileSync(counter, 'utf8'))).toBe(4 * 2 * 50);
      const tokens = readFileSync(`${counter}.tokens`, 'utf8').trim().split('\n').map(Number);
      expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b));
    },
    patience,
  );

  test(
    'a process that is killed while it waits holds up nobody',
    async () => {
      const counter = join(server.folder, 'never');
      writeFileSync(counter, '0');
      const storage = storageOn(server);
      const { record } = await granted(storage.acquire(request('counter')));
      const child = await start('ioredis', counter, 1);
      child.send('go');
      await until(async () => (await storage.read('counter')).waiters.length === 2);
      const waiter = await wait(storage, 'counter');
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      await until(async () => ((await admin(server, 'PUBSUB', 'CHANNELS', '*')) as string[]).length === 1);
      await storage.release('counter', record.leaseId);
      await handed(waiter);
      expect(readFileSync(counter, 'utf8')).toBe('0');
    },
    patience,
  );
});

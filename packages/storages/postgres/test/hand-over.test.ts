import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { Granted, LeaseNews } from '@lockscope/storage';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { sourceProgram } from '../../../../test/support/source-program.ts';
import type { PostgresStorage } from '../src/index.ts';
import { later, newSchema, openStorage, run, theServer } from './schemas.ts';
import { request, taken } from '../../../../test/support/requests.ts';

const claimMs = 60_000;

/** Stands in line and is told; gives what it is told. */
async function waits(storage: PostgresStorage, key: string, leaseId: string, more = {}): Promise<LeaseNews[]> {
  const heard: LeaseNews[] = [];
  storage.watch?.(key, leaseId, (news) => heard.push(news));
  const answer = await storage.acquire(request(key, leaseId, { waitMs: 600_000, claimMs, ...more }));
  expect(answer.acquired).toBe(false);
  return heard;
}

async function granted(heard: readonly LeaseNews[]): Promise<Granted> {
  await expect.poll(() => heard.map(({ type }) => type), { timeout: 10_000, interval: 2 }).toContain('granted');
  for (const news of heard) if (news.type === 'granted') return news.result;
  throw new Error('cannot be');
}

/** How many connections listen that call themselves so. */
async function listening(application: string): Promise<number> {
  const rows = await run(
    `SELECT count(*)::integer AS n FROM pg_stat_activity
    WHERE application_name = $1 AND query LIKE 'SELECT pg_advisory_lock($1)%'`,
    [application],
  );
  return Number(rows[0]?.['n']);
}

describeWith(['postgres', 'initdb'], 'a lock that is handed over', () => {
  test('is never handed to a process that was killed while it waited: the next one has it at once', async () => {
    const schema = newSchema();
    const { url } = await theServer();
    const storage = await openStorage({ schema });
    await taken(storage, 'k', 'holder', { leaseMs: 60_000 });
    const program = await sourceProgram(new URL('programs/waits.ts', import.meta.url));
    const child = fork(program, [`${url}?application_name=killed`, schema, 'k', 'killed'], { execArgv: [] });
    later(() => child.kill('SIGKILL'));
    expect((await once(child, 'message'))[0]).toBe('waits');
    const heard = await waits(storage, 'k', 'alive');
    expect(await listening('killed')).toBe(1);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    // The server notices a connection that was closed within milliseconds.
    await expect.poll(() => listening('killed'), { timeout: 10_000 }).toBe(0);
    await storage.release('k', 'holder');
    expect((await granted(heard)).record.leaseId).toBe('alive');
  });

  test('is free for who asks, when all who waited were killed', async () => {
    const schema = newSchema();
    const { url } = await theServer();
    const storage = await openStorage({ schema });
    await taken(storage, 'k', 'holder', { leaseMs: 60_000 });
    const program = await sourceProgram(new URL('programs/waits.ts', import.meta.url));
    const child = fork(program, [`${url}?application_name=killed`, schema, 'k', 'killed'], { execArgv: [] });
    later(() => child.kill('SIGKILL'));
    await once(child, 'message');
    expect(await listening('killed')).toBe(1);
    child.kill('SIGKILL');
    await expect.poll(() => listening('killed'), { timeout: 10_000 }).toBe(0);
    await storage.release('k', 'holder');
    expect(await storage.acquire(request('k', 'new'))).toMatchObject({ acquired: true });
  });

  test('tells a waiter in another process', async () => {
    const schema = newSchema();
    const { url } = await theServer();
    const storage = await openStorage({ schema });
    await taken(storage, 'k', 'holder');
    const program = await sourceProgram(new URL('programs/waits.ts', import.meta.url));
    const child = fork(program, [url, schema, 'k', 'other'], { execArgv: [] });
    later(() => child.kill('SIGKILL'));
    await once(child, 'message');
    const told = once(child, 'message');
    await storage.release('k', 'holder');
    expect((await told)[0]).toBe('granted');
    expect((await storage.read('k')).record).toMatchObject({ leaseId: 'other', holder: { ownerId: 'owner of other' } });
  });

  test('takes one connection that listens, however many wait', async () => {
    const { url } = await theServer();
    const storage = await openStorage({ schema: newSchema(), connection: `${url}?application_name=many` });
    const all = Array.from({ length: 50 }, (_, n) => `k${n}`);
    await Promise.all(all.map((key) => taken(storage, key, 'holder')));
    await Promise.all(all.map((key) => waits(storage, key, `waiter of ${key}`)));
    expect(await listening('many')).toBe(1);
    await storage.close();
    await expect.poll(() => listening('many')).toBe(0);
  });

  test('is asked for by who is told so, when its grant is longer than a NOTIFY can be', async () => {
    const storage = await openStorage({ schema: newSchema() });
    const key = '漢'.repeat(512);
    const holder = {
      ownerId: '漢'.repeat(128),
      host: '漢'.repeat(255),
      service: '漢'.repeat(128),
      operation: '漢'.repeat(64),
    };
    await taken(storage, key, '漢'.repeat(128), { holder });
    const leaseId = `${'漢'.repeat(1000)}w`;
    const heard = await waits(storage, key, leaseId, { holder });
    await storage.release(key, '漢'.repeat(128));
    await expect.poll(() => heard).toEqual([{ type: 'ask' }]);
    expect(await storage.acquire(request(key, leaseId, { waitMs: 1000, holder }))).toMatchObject({ acquired: true });
  });

  test('is told with everything that the one who waited would have been answered', async () => {
    const storage = await openStorage({ schema: newSchema() });
    const before = await taken(storage, 'k', 'holder');
    const heard = await waits(storage, 'k', 'w1', { claimMs: 5000 });
    await waits(storage, 'k', 'w2');
    await storage.release('k', 'holder');
    const { record, previous, waiting, storageNow } = await granted(heard);
    expect({ record, waiting }).toEqual({ record: (await storage.read('k')).record, waiting: 1 });
    expect(record).toMatchObject({
      key: 'k',
      leaseId: 'w1',
      holder: { ownerId: 'owner of w1' },
      acquiredAt: storageNow,
    });
    expect(record.expiresAt - record.acquiredAt).toBe(5000);
    expect(record.fencingToken).toBeGreaterThan(before.fencingToken);
    expect(previous).toEqual({ holder: before.holder, fencingToken: before.fencingToken, releasedAt: storageNow });
  });

  test('goes on without a gap through many hands, with rising tokens and leases of at least half a claim', async () => {
    const storage = await openStorage({ schema: newSchema() });
    let { leaseId, fencingToken } = await taken(storage, 'k', 'first', { leaseMs: 60_000 });
    for (let turn = 1; turn <= 300; turn += 1) {
      const heard = await waits(storage, 'k', `turn ${turn}`, { claimMs: 2000, leaseMs: 60_000 });
      await storage.release('k', leaseId);
      const { record } = await granted(heard);
      expect(record.fencingToken).toBeGreaterThan(fencingToken);
      expect(record.expiresAt - record.acquiredAt).toBeGreaterThanOrEqual(1000);
      ({ leaseId, fencingToken } = record);
    }
  });

  test('of a forged message nobody believes that it holds it', async () => {
    const schema = newSchema();
    const storage = await openStorage({ schema });
    await taken(storage, 'k', 'holder');
    const heard = await waits(storage, 'k', 'w');
    const rows = await run(`SELECT channel FROM ${schema}.waiters`);
    const forged = [
      '',
      'x',
      '[]',
      '{}',
      '{"k":"k"}',
      '{"k":"k","g":["w"]}',
      '{"k":"k","g":["w","{}",0,0,0]}',
      '{"k":"k","g":{}}',
    ];
    for (const payload of forged) await run('SELECT pg_notify($1, $2)', [rows[0]?.['channel'], payload]);
    await storage.release('k', 'holder');
    expect((await granted(heard)).record.leaseId).toBe('w');
    expect(heard.filter(({ type }) => type !== 'ask')).toHaveLength(1);
  });
});

import { expect, test } from 'vitest';
import type { Granted, LockRecord } from '@lockscope/storage';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { newSchema, openStorage, theServer } from './schemas.ts';
import { recordOf, request, taken } from '../../../../test/support/requests.ts';

// What no commit waits for is written 10 s later, so that a kill takes it for certain.
const lazy = ['-c', 'wal_writer_delay=10s', '-c', 'synchronous_commit=off'];
const claimMs = 20_000;

/** Until a server that was killed takes work again, reads may fail. */
async function recordAfterCrash(storage: Awaited<ReturnType<typeof openStorage>>, key: string): Promise<LockRecord> {
  let record: LockRecord | undefined;
  await expect
    .poll(async () => (record = (await storage.read(key).catch(() => undefined))?.record), { timeout: 10_000 })
    .toBeDefined();
  return record as LockRecord;
}

describeWith(['postgres', 'initdb'], 'a crash of the server', () => {
  test('takes no lock that was given, also where the server is set to wait for no disk', async () => {
    const server = await theServer({ args: lazy });
    const storage = await openStorage({ schema: newSchema() });
    const record = await taken(storage, 'k', 'holder', { leaseMs: 600_000 });
    await server.restart();
    expect(await recordAfterCrash(storage, 'k')).toEqual(record);
    const renewed = await storage.renew('k', 'holder', 900_000);
    await server.restart();
    expect(await recordAfterCrash(storage, 'k')).toMatchObject({
      expiresAt: (renewed as { expiresAt: number }).expiresAt,
    });
  });

  test('can bring a holder back that had released, until its lease is over, and never gives a token again', async () => {
    const server = await theServer({ args: lazy });
    const storage = await openStorage({ schema: newSchema() });
    const record = await taken(storage, 'k', 'holder', { leaseMs: 600_000 });
    await storage.release('k', 'holder');
    await server.restart();
    expect(await recordAfterCrash(storage, 'k')).toEqual(record);
    await storage.forceRelease('k');
    expect((await taken(storage, 'k', 'next')).fencingToken).toBeGreaterThan(record.fencingToken);
  });

  test('that takes a hand-over leaves the one before on record, longer than the next one believes to have it', async () => {
    const server = await theServer({ args: lazy });
    const storage = await openStorage({ schema: newSchema() });
    const first = await taken(storage, 'k', 'first', { leaseMs: 600_000 });
    let holder: LockRecord = first;
    for (const leaseId of ['second', 'third']) {
      const told = new Promise<Granted>((resolve) => {
        storage.watch?.('k', leaseId, (news) => news.type === 'granted' && resolve(news.result));
      });
      await storage.acquire(request('k', leaseId, { waitMs: 600_000, leaseMs: 600_000, claimMs, spareTokens: 16 }));
      await storage.release('k', holder.leaseId);
      ({ record: holder } = await told);
    }
    expect(holder.leaseId).toBe('third');
    await server.restart();
    const after = await recordAfterCrash(storage, 'k');
    // What is on record keeps others out for as long as the one who was told believes.
    expect(after.leaseId).not.toBe('third');
    expect(after.expiresAt).toBeGreaterThanOrEqual(holder.expiresAt);
    expect(await storage.acquire(request('k', 'stranger'))).toMatchObject({ acquired: false });
    expect(await storage.renew('k', 'third', 600_000)).toMatchObject({ renewed: false });
    await storage.forceRelease('k');
    const next = await taken(storage, 'k', 'next');
    expect(next.fencingToken).toBeGreaterThan(holder.fencingToken + 16);
  });

  test('takes no hand-over whose lease goes beyond that of the one before', async () => {
    const server = await theServer({ args: lazy });
    const storage = await openStorage({ schema: newSchema() });
    await taken(storage, 'k', 'first', { leaseMs: 10_000 });
    const told = new Promise<Granted>((resolve) => {
      storage.watch?.('k', 'second', (news) => news.type === 'granted' && resolve(news.result));
    });
    await storage.acquire(request('k', 'second', { waitMs: 600_000, leaseMs: 600_000 }));
    await storage.release('k', 'first');
    const { record } = await told;
    await server.restart();
    expect(await recordAfterCrash(storage, 'k')).toEqual(record);
  });

  test('takes nothing with durability all', async () => {
    const server = await theServer({ args: lazy });
    const storage = await openStorage({ schema: newSchema(), durability: 'all' });
    const { fencingToken } = await taken(storage, 'k', 'holder', { leaseMs: 600_000 });
    await storage.release('k', 'holder');
    await server.restart();
    await expect.poll(() => storage.read('k').catch(String), { timeout: 10_000 }).toMatchObject({ record: undefined });
    expect(recordOf(await storage.acquire(request('k', 'next'))).fencingToken).toBe(fencingToken + 1);
  });
});

import { expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { newSchema, openStorage, run } from './schemas.ts';
import { request, taken } from '../../../../test/support/requests.ts';

describeWith(['postgres', 'initdb'], 'a sweep', () => {
  test('forgets keys that nobody has or wants, and their tokens rise when they come back', async () => {
    const schema = newSchema();
    const storage = await openStorage({ schema });
    const keys = Array.from({ length: 450 }, (_, n) => `k${n}`);
    for (let from = 0; from < keys.length; from += 50) {
      await Promise.all(
        keys.slice(from, from + 50).map(async (key) => {
          await taken(storage, key, 'l', { spareTokens: 7 });
          await storage.release(key, 'l');
        }),
      );
    }
    const { fencingToken } = await taken(storage, 'k0', 'again');
    await storage.release('k0', 'again');
    expect(await storage.sweep()).toBe(0);
    expect(await storage.sweep({ olderThanMs: 0 })).toBe(450);
    expect(await run(`SELECT FROM ${schema}.locks`)).toEqual([]);
    for (const key of ['k0', 'k1', 'never before']) {
      expect((await taken(storage, key, 'after')).fencingToken).toBeGreaterThan(fencingToken);
    }
  });

  test('leaves what is held, shared or waited for, and what somebody works on at this moment', async () => {
    const schema = newSchema();
    const storage = await openStorage({ schema });
    await taken(storage, 'held', 'l');
    await taken(storage, 'shared', 'l', { share: 2 });
    await taken(storage, 'wanted', 'l');
    await storage.acquire(request('wanted', 'w', { waitMs: 60_000 }));
    await storage.release('wanted', 'l');
    await taken(storage, 'over', 'l', { leaseMs: 1 });
    await expect.poll(async () => (await storage.read('over')).record).toBeUndefined();
    expect(await storage.sweep({ olderThanMs: 0 })).toBe(1);
    expect(await run(`SELECT key FROM ${schema}.locks ORDER BY key`)).toEqual([
      { key: 'held' },
      { key: 'shared' },
      { key: 'wanted' },
    ]);
    expect((await storage.read('shared')).record).toMatchObject({ leaseId: 'l' });
  });

  test('refuses what is no time', async () => {
    const storage = await openStorage({ schema: newSchema() });
    await expect(storage.sweep({ olderThanMs: -1 })).rejects.toThrow('olderThanMs must be at least 0, got -1');
    await expect(storage.sweep({ olderThanMs: Number.NaN })).rejects.toThrow('olderThanMs');
  });
});

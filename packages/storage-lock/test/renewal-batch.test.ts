import { MemoryStorage, StorageError, type RenewRequest, type RenewResult } from '@lockscope/storage';
import { FakeClock } from '@lockscope/testkit';
import { describe, expect, it } from 'vitest';

import { createLocks, type HeldLock, type Locks } from '../src/index.ts';

/** A storage that renews many leases in one call, and counts. */
class BulkStorage extends MemoryStorage {
  single = 0;
  readonly sizes: number[] = [];
  failing: ReadonlySet<string> = new Set();
  short = false;

  override renew(key: string, leaseId: string, leaseMs: number): Promise<RenewResult> {
    this.single += 1;
    return super.renew(key, leaseId, leaseMs);
  }

  async renewMany(requests: readonly RenewRequest[]): Promise<readonly (RenewResult | StorageError)[]> {
    this.sizes.push(requests.length);
    const answers: (RenewResult | StorageError)[] = [];
    for (const { key, leaseId, leaseMs, update } of requests) {
      const failure = this.failing.has(key) ? new StorageError('bulk', 'renew', 'no') : undefined;
      answers.push(failure ?? (await super.renew(key, leaseId, leaseMs, update)));
    }
    return this.short ? answers.slice(1) : answers;
  }
}

async function holding(
  count: number,
  apartMs = 0,
): Promise<{ clock: FakeClock; storage: BulkStorage; locks: Locks; held: HeldLock[] }> {
  const clock = new FakeClock();
  const storage = new BulkStorage({ clock });
  const locks = createLocks({ storage, clock, leaseMs: 30_000 });
  const held: HeldLock[] = [];
  for (let n = 0; n < count; n += 1) {
    held.push(await locks.acquire(`key/${n}`));
    if (apartMs > 0) await clock.advance(apartMs);
  }
  return { clock, storage, locks, held };
}

describe('the leases of a process with many locks', () => {
  it('are renewed in a few calls, 1,000 at a time, and none is missed', async () => {
    const { clock, storage, locks, held } = await holding(2500);
    await clock.advance(120_000);
    expect(held.every(({ state }) => state === 'held')).toBe(true);
    expect(storage.single).toBe(0);
    expect(storage.sizes.slice(0, 3)).toEqual([1000, 1000, 500]);
    expect(storage.sizes).toHaveLength(3 * 12);
    await locks.close();
  });

  it('that began at about the same time go together; each is renewed a tenth of its interval too early at most', async () => {
    const { clock, storage, locks } = await holding(100, 10);
    await clock.advance(10_000);
    expect(storage.sizes.length + storage.single).toBeLessThanOrEqual(2);
    await clock.advance(100_000);
    expect(storage.sizes.length + storage.single).toBeLessThanOrEqual(14);
    await locks.close();
  });

  it('fail one by one', async () => {
    const { clock, storage, locks, held } = await holding(3);
    storage.failing = new Set(['key/1']);
    await clock.advance(10_000);
    expect(held.map(({ state }) => state)).toEqual(['held', 'suspect', 'held']);
    storage.failing = new Set();
    await clock.advance(10_000);
    expect(held.map(({ state }) => state)).toEqual(['held', 'held', 'held']);
    await locks.close();
  });

  it('all fail when the call does, and an answer that is missing is a failure', async () => {
    const { clock, storage, locks, held } = await holding(3);
    storage.short = true;
    await clock.advance(10_000);
    expect(held.map(({ state }) => state)).toEqual(['held', 'held', 'suspect']);
    storage.short = false;
    storage.renew = storage.renewMany = () => {
      throw new Error('no connection');
    };
    await clock.advance(30_000);
    expect(held.map(({ state }) => state)).toEqual(['lost', 'lost', 'lost']);
    await locks.close();
  });

  it('one alone needs no call for many', async () => {
    const { clock, storage, locks } = await holding(1);
    await clock.advance(10_000);
    expect([storage.single, storage.sizes]).toEqual([1, []]);
    await locks.close();
  });
});

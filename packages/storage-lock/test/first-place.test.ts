import { MemoryStorage, type AcquireRequest, type AcquireResult } from '@lockscope/storage';
import { FakeClock } from '@lockscope/testkit';
import { describe, expect, it } from 'vitest';

import { createLocks } from '../src/index.ts';

/** Writes down what it is asked. */
class Asked extends MemoryStorage {
  readonly requests: AcquireRequest[] = [];
  readonly left: string[] = [];

  override acquire(request: AcquireRequest): Promise<AcquireResult> {
    this.requests.push(request);
    return super.acquire(request);
  }

  override leave(key: string, leaseId: string): Promise<void> {
    this.left.push(leaseId);
    return super.leave(key, leaseId);
  }
}

async function world() {
  const clock = new FakeClock();
  const storage = new Asked({ clock });
  const holder = await createLocks({ storage, clock }).acquire('a');
  storage.requests.length = 0;
  return { clock, storage, holder, locks: createLocks({ storage, clock }) };
}

describe('the place in line of one that finds the lock taken', () => {
  it('is asked for with its first question already, so that nobody gets ahead of it', async () => {
    const { clock, storage, holder, locks } = await world();
    const acquiring = locks.acquire('a');
    await clock.advance(0);
    expect(storage.requests.map(({ placeMs, waitMs }) => [placeMs, typeof waitMs])).toEqual([
      [2000, 'undefined'],
      [undefined, 'number'],
    ]);
    expect(new Set(storage.requests.map(({ leaseId }) => leaseId)).size).toBe(1);
    await holder.release();
    await (await acquiring).release();
    expect(storage.left).toEqual([]);
  });

  it('is not asked for by one that does not wait', async () => {
    const { storage, holder, locks } = await world();
    expect(await locks.tryAcquire('a')).toBeUndefined();
    expect(storage.requests.map(({ placeMs }) => placeMs)).toEqual([undefined]);
    expect(storage.left).toEqual([]);
    await holder.release();
  });

  it('is given back when its caller is gone before the answer comes', async () => {
    const { clock, storage, holder, locks } = await world();
    const gone = new AbortController();
    const acquiring = locks.acquire('a', { signal: gone.signal });
    gone.abort();
    await expect(acquiring).rejects.toMatchObject({ code: 'LOCK_ABORTED' });
    await clock.advance(0);
    expect(storage.left).toEqual(storage.requests.map(({ leaseId }) => leaseId));
    await holder.release();
  });
});

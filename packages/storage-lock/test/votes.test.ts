import { StorageError, type Vote } from '@lockscope/storage';
import { describe, expect, it } from 'vitest';

import { makeWorld } from './support/world.ts';

const votes: readonly Vote[] = [
  { node: 'redis-1', vote: 'granted', ms: 1 },
  { node: 'redis-2', vote: 'late', ms: 50 },
];

describe('a storage made of several', () => {
  it('has its votes told: with every attempt, every renewal and the release', async () => {
    const { locks, memory, clock, recorder } = makeWorld({ leaseMs: 9000 });
    const acquire = memory.acquire.bind(memory);
    const renew = memory.renew.bind(memory);
    const release = memory.release.bind(memory);
    memory.acquire = async (request) => ({ ...(await acquire(request)), votes });
    memory.renew = async (key, leaseId, leaseMs) => ({ ...(await renew(key, leaseId, leaseMs)), votes });
    memory.release = async (key, leaseId) => ({ ...(await release(key, leaseId)), votes });
    const lock = await locks.acquire('a');
    await clock.advance(3000);
    await lock.release();
    expect(recorder.actions('acquire.attempt')[0]?.payload).toEqual({ attempt: 1, result: 'acquired', votes });
    for (const type of ['storage.acquire', 'storage.renew', 'storage.release'] as const)
      expect(recorder.ends(type)[0]?.details).toEqual({ refused: false, votes });
  });

  it('has the votes of a failure told', async () => {
    const { locks, storage, recorder } = makeWorld();
    storage.failNext('acquire', new StorageError('quorum', 'acquire', 'no majority', { votes }));
    await expect(locks.acquire('a')).rejects.toMatchObject({ code: 'LOCK_STORAGE_FAILED' });
    expect(recorder.actions('acquire.attempt')[0]).toMatchObject({ payload: { result: 'error', votes } });
  });
});

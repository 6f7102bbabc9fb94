import { ForeignRecordError, StorageClosedError } from '@lockscope/storage';
import { describe, expect, it } from 'vitest';

import { makeWorld, outcomeOf, settle } from './support/world.ts';

const foreign = (operation: string): ForeignRecordError =>
  new ForeignRecordError('memory', operation, 'a', 'it is no JSON');

describe('a record that is not ours, or damaged', () => {
  it('rejects an acquire with the error of the storage as its cause', async () => {
    const { locks, storage } = makeWorld();
    const cause = foreign('acquire');
    storage.failNext('acquire', cause);
    const error = await locks.acquire('a').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'LOCK_STORAGE_FAILED', operation: 'acquire', key: 'a' });
    expect((error as Error).cause).toBe(cause);
    // Nothing was granted, so there is nothing to give back.
    expect(storage.calls('release')).toBe(0);
  });

  it('rejects at once an acquire that has been waiting, instead of asking on for a lease', async () => {
    const { locks, other, storage, clock } = makeWorld();
    const lock = await other().acquire('a');
    const waiting = outcomeOf(locks.acquire('a'));
    await settle(clock);
    storage.failNext('acquire', foreign('acquire'));
    await clock.advance(1000);
    expect(waiting.error).toMatchObject({ code: 'LOCK_STORAGE_FAILED', cause: { code: 'FOREIGN_RECORD' } });
    expect(lock.state).toBe('held');
    await lock.release();
  });

  it('makes a renewal fail and nothing more: the clock decides', async () => {
    const { locks, storage, clock, memory } = makeWorld({ leaseMs: 9000 });
    const lock = await locks.acquire('a');
    storage.failNext('renew', foreign('renew'));
    await clock.advance(3000);
    expect(lock.state).toBe('suspect');
    await clock.advance(3000);
    expect(lock.state).toBe('held');
    expect((await memory.read('a')).record?.fencingToken).toBe(lock.fencingToken);
    await lock.release();
  });

  it('is told by inspect, list and forceRelease as what it is', async () => {
    const { locks, storage } = makeWorld();
    storage.failNext('read', foreign('read'));
    storage.failNext('forceRelease', foreign('force release'));
    storage.failNext('list', foreign('list'));
    await expect(locks.inspect('a')).rejects.toMatchObject({ operation: 'inspect', cause: { code: 'FOREIGN_RECORD' } });
    await expect(locks.forceRelease('a', { reason: 'test' })).rejects.toMatchObject({ operation: 'force release' });
    const listed = (async () => {
      for await (const info of locks.list({ prefix: 'a' })) expect.fail(info.key);
    })();
    await expect(listed).rejects.toMatchObject({ code: 'LOCK_STORAGE_FAILED', operation: 'list', key: 'a' });
  });
});

describe('a storage that was closed', () => {
  it('rejects acquires at once, those that wait too', async () => {
    const { locks, other, storage, clock } = makeWorld();
    const lock = await other().acquire('a');
    const waiting = outcomeOf(locks.acquire('a'));
    await settle(clock);
    storage.failNext('acquire', new StorageClosedError('memory', 'acquire'));
    await clock.advance(1000);
    expect(waiting.error).toMatchObject({ code: 'LOCK_STORAGE_FAILED', cause: { code: 'STORAGE_CLOSED' } });
    await lock.release();
  });
});

import { describe, expect, it } from 'vitest';

import type { LockInfo } from '../src/index.ts';
import { makeWorld, outcomeOf, settle } from './support/world.ts';

describe('inspect()', () => {
  it('says that a lock is free', async () => {
    const { locks } = makeWorld();
    expect(await locks.inspect('orders/42')).toEqual({
      key: 'orders/42',
      name: 'orders/{id}',
      holder: undefined,
      waiters: [],
    });
  });

  it('says who has it, since when, until when, doing what, and who waits: those on record and those of this process', async () => {
    const { locks, other, clock, recorder } = makeWorld({ leaseMs: 9000, service: 'shop' });
    const acquiredAt = clock.now();
    const lock = await locks.acquire('a', { owner: 'ann', operation: 'import' });
    const elsewhere = outcomeOf(other().acquire('a', { owner: 'cat' }));
    const here = outcomeOf(locks.acquire('a', { owner: 'bob' }));
    await clock.advance(1000);
    const expected: LockInfo = {
      key: 'a',
      name: 'a',
      holder: {
        ownerId: 'ann',
        operation: 'import',
        service: 'shop',
        host: expect.any(String) as string,
        pid: process.pid,
        fencingToken: 1,
        heldForMs: 1000,
        acquiredAt,
        expiresAt: acquiredAt + 9000,
      },
      waiters: [
        expect.objectContaining({ ownerId: 'cat', since: acquiredAt }) as { ownerId: string },
        expect.objectContaining({ ownerId: 'bob', since: acquiredAt }) as { ownerId: string },
      ],
    };
    expect(await locks.inspect('a')).toEqual(expected);
    expect(await locks.lock('a').inspect()).toEqual(expected);
    expect(recorder.ends('lock.inspect')[0]).toMatchObject({ outcome: 'ok', details: { found: true } });
    await lock.release();
    await settle(clock);
    await elsewhere.value?.release();
    await settle(clock);
    await here.value?.release();
  });

  it('names an owner once that waits twice', async () => {
    const { locks, other, clock } = makeWorld();
    const lock = await other().acquire('a');
    const both = [locks.acquire('a', { owner: 'ann' }), locks.acquire('a', { owner: 'ann' })];
    await settle(clock);
    expect((await locks.inspect('a')).waiters.map(({ ownerId }) => ownerId)).toEqual(['ann']);
    await lock.release();
    for (const one of both) await (await one).release();
  });

  it('gives no trace context that is malformed, and none that it was not given', async () => {
    const { locks, memory } = makeWorld();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const acquire = (key: string, context: string): Promise<unknown> =>
      memory.acquire({ key, leaseId: key, leaseMs: 60_000, holder: { ownerId: 'ann', traceparent: context } });
    await acquire('good', traceparent);
    await acquire('bad', `${'0'.repeat(54)}z`);
    expect((await locks.inspect('good')).holder?.traceparent).toBe(traceparent);
    expect((await locks.inspect('bad')).holder).not.toHaveProperty('traceparent');
    await memory.forceRelease('good');
    await memory.forceRelease('bad');
  });
});

describe('the record', () => {
  it('carries the trace context that a listener offers, so that those who wait can link to it', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { locks, other, clock, memory, recorder } = makeWorld({
      listeners: [{ name: 'tracer', traceparent: () => traceparent }],
    });
    const lock = await locks.acquire('a');
    expect((await memory.read('a')).record?.holder.traceparent).toBe(traceparent);
    const waiting = outcomeOf(other().acquire('a'));
    await settle(clock);
    expect(recorder.actions('acquire.contended')).toMatchObject([{ payload: { blocker: { traceparent } } }]);
    await lock.release();
    await settle(clock);
    expect(waiting.state).toBe('resolved');
  });
});

describe('list()', () => {
  it('gives every held lock in the order of the keys, with those who wait', async () => {
    const { locks, other, clock } = makeWorld();
    for (const key of ['b', 'orders/2', 'orders/1', 'a']) await locks.acquire(key, { owner: key });
    const waiting = outcomeOf(other().acquire('orders/1', { owner: 'late' }));
    await settle(clock);
    const listed = async (prefix?: string): Promise<string[]> => {
      const keys: string[] = [];
      for await (const { key, holder, waiters } of locks.list(prefix === undefined ? undefined : { prefix })) {
        expect(holder.ownerId).toBe(key);
        keys.push(waiters.length === 0 ? key : `${key} < ${waiters.map(({ ownerId }) => ownerId).join()}`);
      }
      return keys;
    };
    expect(await listed()).toEqual(['a', 'b', 'orders/1 < late', 'orders/2']);
    expect(await listed('orders/')).toEqual(['orders/1 < late', 'orders/2']);
    expect(await listed('none')).toEqual([]);
    expect(waiting.state).toBe('pending');
  });
});

describe('forceRelease()', () => {
  it('gives who had it, and lets the next one have it', async () => {
    const { locks, other, clock, recorder } = makeWorld();
    const elsewhere = other();
    await elsewhere.acquire('a', { owner: 'ann' });
    const waiting = outcomeOf(locks.acquire('a'));
    await clock.advance(1000);
    const victim = await locks.lock('a').forceRelease({ reason: 'its process is gone' });
    expect(victim).toMatchObject({ ownerId: 'ann', fencingToken: 1, heldForMs: 1000 });
    await settle(clock);
    expect(waiting.value?.fencingToken).toBe(2);
    expect(recorder.ends('lock.force_release')).toMatchObject([
      { outcome: 'forced', details: { reason: 'its process is gone', victim: { ownerId: 'ann' } } },
    ]);
  });

  it('does not touch who got the lock after it, although its own answer comes later', async () => {
    const { locks, other, clock, storage } = makeWorld();
    await other().acquire('a', { owner: 'ann' });
    const forceRelease = storage.forceRelease.bind(storage);
    storage.forceRelease = async (key) => {
      const victim = await forceRelease(key);
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 100));
      return victim;
    };
    const forcing = locks.forceRelease('a', { reason: 'test' });
    const next = await locks.acquire('a');
    await clock.advance(100);
    expect((await forcing)?.ownerId).toBe('ann');
    expect(next.state).toBe('held');
    storage.forceRelease = forceRelease;
  });

  it('gives nothing when nobody had it', async () => {
    const { locks, recorder } = makeWorld();
    expect(await locks.forceRelease('a', { reason: 'test' })).toBeUndefined();
    expect(recorder.ends('lock.force_release')[0]?.outcome).toBe('not_held');
  });

  it('rejects when the storage fails, and takes nothing away', async () => {
    const { locks, storage, recorder } = makeWorld();
    const lock = await locks.acquire('a');
    storage.failNext('forceRelease');
    await expect(locks.forceRelease('a', { reason: 'test' })).rejects.toMatchObject({
      code: 'LOCK_STORAGE_FAILED',
      operation: 'force release',
    });
    expect(lock.state).toBe('held');
    expect(recorder.ends('lock.force_release')[0]).toMatchObject({ outcome: 'error', details: { reason: 'test' } });
  });
});

import { setTimeout as sleep } from 'node:timers/promises';

import { LockLostError } from '@lockscope/storage-lock';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { describeWith } from '../../support/describe-with.ts';
import { RedisBench, block } from './bench.ts';

// What is measured as "too late" elsewhere is up to 15 seconds. What is allowed here is what a busy machine does to
// a timer.
const timerMs = 60;

const shortLease = { leaseMs: 400, renewEveryMs: 130, marginMs: 130 };

describeWith('redis-server', 'a lock that is lost', () => {
  let bench: RedisBench;
  beforeEach(async () => {
    bench = await RedisBench.start();
  });
  afterEach(() => bench.end());

  it('is known to be lost when its lease is over, although the server is frozen and answers nothing', async () => {
    const locks = bench.locks(shortLease);
    const lock = await locks.acquire('orders/1');
    await sleep(200);
    bench.redis.freeze();
    const endsAt = performance.now() + lock.remainingMs();
    const aborted = await new Promise<number>((resolve) => {
      lock.signal.addEventListener('abort', () => resolve(performance.now()));
    });
    expect(aborted - endsAt).toBeLessThan(timerMs);
    expect(lock.remainingMs()).toBe(0);
    expect(() => lock.assertHeld()).toThrow(LockLostError);
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST', reason: 'unreachable' });
    bench.redis.thaw();
    const next = await bench.locks().acquire('orders/1');
    expect(next.fencingToken).toBeGreaterThan(lock.fencingToken);
  });

  it('is known to be lost at the next renewal, when somebody deleted its key', async () => {
    const lock = await bench.locks({ leaseMs: 5_000, renewEveryMs: 200 }).acquire('orders/1');
    const client = bench.plain();
    const keys = await client.keys('*orders/1*');
    expect(keys).toHaveLength(1);
    const deletedAt = performance.now();
    await client.del(keys);
    const aborted = await new Promise<number>((resolve) => {
      lock.signal.addEventListener('abort', () => resolve(performance.now()));
    });
    expect(aborted - deletedAt).toBeLessThan(200 + timerMs);
    expect(lock.signal.reason).toMatchObject({ reason: expect.stringMatching(/forced|stolen/) as string });
    expect(await lock.release()).toBe(false);
  });

  it('is known to be lost at once, when somebody takes it away after it was held for a while', async () => {
    const lock = await bench.locks().acquire('orders/1');
    // Only a lock that lasts is listened for: after a quarter of a second, and then a subscription has to be made.
    await sleep(600);
    const told = new Promise<number>((resolve) => {
      lock.signal.addEventListener('abort', () => resolve(performance.now()));
    });
    const before = performance.now();
    await bench.locks().forceRelease('orders/1', { reason: 'a test' });
    expect((await told) - before).toBeLessThan(200);
    expect(lock.signal.reason).toMatchObject({ reason: 'forced' });
  });

  it('is known to be lost on the next line after the event loop was blocked for longer than the lease', async () => {
    const lock = await bench.locks(shortLease).acquire('orders/1');
    lock.assertHeld();
    block(600);
    expect(() => lock.assertHeld()).toThrow(LockLostError);
    expect(lock.signal.aborted).toBe(true);
    expect(lock.signal.reason).toMatchObject({ reason: 'stalled' });
  });

  it('makes run() reject, although its function was done', async () => {
    const locks = bench.locks(shortLease);
    await expect(locks.run('orders/1', () => block(600))).rejects.toMatchObject({ code: 'LOCK_LOST' });
  });

  it('that has a new holder is not released by the old one', async () => {
    const network = await bench.proxy();
    const old = await bench.locks(shortLease, network.port).acquire('orders/1');
    network.set({ blackhole: true });
    const next = await bench.locks().acquire('orders/1');
    expect(old.state).toBe('lost');
    network.set({});
    network.reset();
    expect(await old.release()).toBe(false);
    expect((await bench.locks().inspect('orders/1')).holder?.fencingToken).toBe(next.fencingToken);
    next.assertHeld();
    expect(await next.release()).toBe(true);
  });
});

describeWith('redis-server', 'a reply that comes late', () => {
  let bench: RedisBench;
  beforeEach(async () => {
    bench = await RedisBench.start();
  });
  afterEach(() => bench.end());

  it('never gives a lock whose lease is over', async () => {
    const network = await bench.proxy();
    const locks = bench.locks({ ...shortLease, waitMs: 1_500 }, network.port);
    await locks.run('warm', () => undefined);
    network.set({ replyDelayMs: 500 });
    const asked = performance.now();
    await expect(locks.acquire('orders/1')).rejects.toMatchObject({
      code: expect.stringMatching(/LOCK_TIMEOUT|LOCK_STORAGE_FAILED/) as string,
    });
    expect(performance.now() - asked).toBeLessThan(1_500 + timerMs);
    network.set({});
    await using lock = await locks.acquire('orders/1');
    expect(lock.remainingMs()).toBeGreaterThan(shortLease.leaseMs / 2);
  });

  it('counts against the lease, which begins when the request is sent', async () => {
    const network = await bench.proxy();
    const locks = bench.locks({ leaseMs: 2_000 }, network.port);
    await locks.run('warm', () => undefined);
    network.set({ replyDelayMs: 300 });
    await using lock = await locks.acquire('orders/1');
    expect(lock.remainingMs()).toBeLessThanOrEqual(1_701);
    expect(lock.remainingMs()).toBeGreaterThan(1_000);
  });
});

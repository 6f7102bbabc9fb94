import { describe, expect, it } from 'vitest';

import { tell } from './support/tell.ts';
import { makeWorld, outcomeOf, settle } from './support/world.ts';

// These are the golden sequences. Beside each stands what the Go original tells of the same (its names, in the order in
// which it publishes): the same information is here, in fewer events, each told once when it starts and once when it
// ends, with times that span what they name. The timeline validator looks at every one of them too, see makeWorld().
describe('what is told of', () => {
  // Original, 28 deliveries of 26 events: Lock.Begin, Lock.Try.Begin twice, getLockInformation.Begin, Storage.Get and
  // Storage.Get.Error (an error on the normal path), Lock.NotExists, GetTime, CreateWithVersion and .Success,
  // WatchDog.Create, .Create.Success, .Start, .Start.Success, Lock.Begin.Success, Lock.Finish; and 12 more to unlock.
  it('a lock that was free', async () => {
    const { locks, recorder } = makeWorld();
    const lock = await locks.acquire('a', { owner: 'ann' });
    await lock.release();
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lock
        lock.acquire
          storage.acquire
          storage.acquire: ok
        - acquire.attempt attempt=1 result=acquired
        lock.acquire: acquired
        lock.release
          storage.release
          storage.release: ok
        lock.release: released
      lock: released"
    `);
    expect(recorder.ends()).toHaveLength(5);
  });

  // Original: for each attempt, once a second, Lock.Try.Begin, Get, Get.Success, Lock.Exists, GetTime, Begin.Busy twice,
  // Sleep; what the lock was like is a JSON text in a payload; when it was free is not told.
  it('a lock that another process had', async () => {
    const { locks, other, clock, recorder } = makeWorld();
    const lock = await other().acquire('a', { owner: 'bob' });
    const waiting = locks.acquire('a', { owner: 'ann' });
    await clock.advance(1500);
    await lock.release();
    const mine = await waiting;
    await mine.release();
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lock
        lock.acquire
          storage.acquire
          storage.acquire: ok
        - acquire.attempt attempt=1 result=busy
        - acquire.contended queueDepth=0
          storage.acquire
          storage.acquire: ok
        - acquire.attempt attempt=2 result=busy
        - acquire.waiting waitedMs=1000 queueDepth=0
        - acquire.handed_over via=notified handoffMs=0
        lock.acquire: acquired
        lock.release
          storage.release
          storage.release: ok
        lock.release: released
      lock: released"
    `);
  });

  it('a lock that another one of this process had', async () => {
    const { locks, clock, recorder } = makeWorld();
    const lock = await locks.acquire('a', { owner: 'bob' });
    const waiting = locks.acquire('a', { owner: 'ann' });
    await settle(clock);
    await lock.release();
    await (await waiting).release();
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lock
        lock.acquire
        - acquire.contended queueDepth=0
          storage.acquire
        - acquire.handed_over via=notified handoffMs=0
          storage.acquire: abandoned
        lock.acquire: acquired
        lock.release
          storage.release
          storage.release: ok
        lock.release: released
      lock: released"
    `);
  });

  it('a lock whose holder died', async () => {
    const { locks, other, clock, recorder } = makeWorld({ watchdog: false });
    await other().acquire('a', { owner: 'bob' });
    const waiting = locks.acquire('a', { owner: 'ann', waitMs: 60_000 });
    await clock.advance(9000);
    await (await waiting).release();
    // The original adds Lock.Expired to its event and never delivers it.
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lock
        lock.acquire
          storage.acquire
          storage.acquire: ok
        - acquire.attempt attempt=1 result=busy
        - acquire.contended queueDepth=0
          storage.acquire
          storage.acquire: ok
        - acquire.attempt attempt=2 result=busy
        - acquire.waiting waitedMs=1000 queueDepth=0
        - acquire.waiting waitedMs=2000 queueDepth=0
        - acquire.attempt attempt=4 result=busy
        - acquire.waiting waitedMs=4000 queueDepth=0
        - acquire.attempt attempt=8 result=busy
        - acquire.waiting waitedMs=8000 queueDepth=0
        - acquire.attempt attempt=11 result=acquired
        - acquire.taken_over ownerId=bob fencingToken=1 overdueMs=0
        - acquire.handed_over via=polled handoffMs=0
        lock.acquire: acquired
        lock.release
          storage.release
          storage.release: ok
        lock.release: released
      lock: released"
    `);
  });

  // Original: … Begin.Busy twice, Sleep, timeout, Finish; the error is "busy", not the deadline.
  it('an acquire that timed out', async () => {
    const { locks, other, clock, recorder } = makeWorld();
    const lock = await other().acquire('a', { owner: 'bob' });
    const waiting = outcomeOf(locks.acquire('a', { owner: 'ann', waitMs: 500 }));
    await clock.advance(500);
    expect(waiting.state).toBe('rejected');
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lock
        lock.acquire
          storage.acquire
          storage.acquire: ok
        - acquire.attempt attempt=1 result=busy
        - acquire.contended queueDepth=0
          storage.acquire
          storage.acquire: ok
        - acquire.attempt attempt=2 result=busy
        lock.acquire: timeout
      lock: timeout
      lock.rollback
        storage.leave
        storage.leave: ok
      lock.rollback: ok"
    `);
    await lock.release();
  });

  it('an acquire that was aborted', async () => {
    const { locks, other, clock, recorder } = makeWorld();
    const lock = await other().acquire('a', { owner: 'bob' });
    const controller = new AbortController();
    const waiting = outcomeOf(locks.acquire('a', { owner: 'ann', signal: controller.signal }));
    await settle(clock);
    controller.abort();
    await settle(clock);
    expect(waiting.state).toBe('rejected');
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lock
        lock.acquire
          storage.acquire
          storage.acquire: ok
        - acquire.attempt attempt=1 result=busy
        - acquire.contended queueDepth=0
          storage.acquire
          storage.acquire: ok
        - acquire.attempt attempt=2 result=busy
        lock.acquire: aborted
      lock: aborted
      lock.rollback
        storage.leave
        storage.leave: ok
      lock.rollback: ok"
    `);
    await lock.release();
  });

  it('an acquire that failed', async () => {
    const { locks, clock, storage, recorder } = makeWorld();
    storage.failNext('acquire');
    await locks.acquire('a', { owner: 'ann' }).catch(() => undefined);
    await settle(clock);
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lock
        lock.acquire
          storage.acquire
          storage.acquire: error
        - acquire.attempt attempt=1 result=error
        lock.acquire: error
      lock: error
      lock.rollback
        storage.leave
        storage.leave: ok
      lock.rollback: ok"
    `);
  });

  // The original cannot try.
  it('a try that found it busy: no error anywhere', async () => {
    const { locks, other, recorder } = makeWorld();
    const lock = await other().acquire('a', { owner: 'bob' });
    await locks.tryAcquire('a', { owner: 'ann' });
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lock
        lock.acquire
          storage.acquire
          storage.acquire: ok
        - acquire.attempt attempt=1 result=busy
        lock.acquire: not_acquired
      lock: not_acquired"
    `);
    expect(recorder.ends().filter(({ error }) => error !== undefined)).toEqual([]);
    await lock.release();
  });

  // Original: 13 events to enter again, with a read, two looks at the clock and a write; 9 to release once.
  it('an owner that entered again', async () => {
    const { locks, recorder, clock } = makeWorld();
    const first = await locks.acquire('a', { owner: 'ann' });
    const again = await locks.acquire('a', { owner: 'ann' });
    await settle(clock);
    await again.release();
    await settle(clock);
    await first.release();
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lock
        lock.acquire
          storage.acquire
          storage.acquire: ok
        - acquire.attempt attempt=1 result=acquired
        lock.acquire: acquired
      - lock.reentered depth=2
      - lock.depth_released depth=1
        lock.release
          storage.release
          storage.release: ok
        lock.release: released
      lock: released"
    `);
  });

  it('an owner that waited twice', async () => {
    const { locks, recorder, clock } = makeWorld();
    const lock = await locks.acquire('a', { owner: 'bob' });
    const both = [locks.acquire('a', { owner: 'ann' }), locks.acquire('a', { owner: 'ann' })];
    await settle(clock);
    recorder.clear();
    await lock.release();
    for (const one of both) await (await one).release();
    expect(recorder.outcomes().slice(-6)).toMatchInlineSnapshot(`
      [
        "lock.release released",
        "lock released",
        "storage.release ok",
        "lock.release released",
        "lock released",
        "lock released",
      ]
    `);
  });

  // Original: 8 deliveries for each renewal, all of one event that grows with each.
  it('a renewal that failed, and one that landed', async () => {
    const { locks, clock, storage, recorder } = makeWorld();
    const lock = await locks.acquire('a', { owner: 'ann' });
    await settle(clock);
    recorder.clear();
    storage.failNext('renew');
    await clock.advance(4500);
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lease.renew
        storage.renew
        storage.renew: error
      lease.renew: failed
      - lease.suspect failures=1 remainingMs=6000
      lease.renew
        storage.renew
        storage.renew: ok
      - lease.recovered failures=1
      lease.renew: renewed"
    `);
    await lock.release();
  });

  // Original: Refresh.Begin, Get, Get.Success, not-lock-owner twice, WatchDog.Stop, Exit; the holder is not told.
  it('a lock that was stolen', async () => {
    const { locks, clock, storage, recorder } = makeWorld();
    await locks.acquire('a', { owner: 'ann' });
    await settle(clock);
    recorder.clear();
    await storage.steal('a');
    await clock.advance(3000);
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lease.renew
        storage.renew
        storage.renew: ok
      lease.renew: lost
      lease.lost
      lease.lost: lost
      lock: lost"
    `);
  });

  it('a lease that ran out', async () => {
    const { locks, clock, recorder } = makeWorld({ watchdog: false });
    await locks.acquire('a', { owner: 'ann' });
    await settle(clock);
    recorder.clear();
    await clock.advance(9000);
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lease.lost
      lease.lost: lost
      lock: lost"
    `);
  });

  it('a lock whose storage hangs', async () => {
    const { locks, clock, storage, recorder } = makeWorld();
    await locks.acquire('a', { owner: 'ann' });
    await settle(clock);
    recorder.clear();
    storage.freeze();
    await clock.advance(9000);
    storage.thaw();
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lease.renew
        storage.renew
      lease.renew
        storage.renew
      lease.renew
        storage.renew
      - lease.at_risk cause=store_slow remainingMs=1500 utilization=0.8333333333333334
      lease.lost
      lease.lost: lost
        storage.renew: abandoned
      lease.renew: abandoned
        storage.renew: abandoned
      lease.renew: abandoned
        storage.renew: abandoned
      lease.renew: abandoned
      lock: lost"
    `);
  });

  it('a lock that was released by force', async () => {
    const { locks, clock, recorder } = makeWorld();
    await locks.acquire('a', { owner: 'ann' });
    await settle(clock);
    recorder.clear();
    await locks.forceRelease('a', { reason: 'test' });
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lease.lost
      lease.lost: lost
      lock: lost"
    `);
    expect(tell(recorder)).toMatchInlineSnapshot(`
      "lock.force_release
        storage.force_release
        storage.force_release: ok
      lock.force_release: forced"
    `);
  });

  it('a release that the storage failed twice', async () => {
    const { locks, clock, storage, recorder } = makeWorld();
    const lock = await locks.acquire('a', { owner: 'ann' });
    await settle(clock);
    recorder.clear();
    storage.failNext('release');
    storage.failNext('release');
    const releasing = lock.release();
    await clock.advance(300);
    await releasing;
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lock.release
        storage.release
        storage.release: error
        storage.release
        storage.release: error
        storage.release
        storage.release: ok
      lock.release: released
      lock: released"
    `);
  });

  // The original has stopped its watchdog by then: the lock stays taken, without a renewal and without a word.
  it('a release that failed for good', async () => {
    const { locks, clock, storage, recorder } = makeWorld();
    const lock = await locks.acquire('a', { owner: 'ann' });
    await settle(clock);
    recorder.clear();
    for (let n = 0; n < 3; n += 1) storage.failNext('release');
    lock.release().catch(() => undefined);
    await clock.advance(300);
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lock.release
        storage.release
        storage.release: error
        storage.release
        storage.release: error
        storage.release
        storage.release: error
      lock.release: error
      lock: release_failed"
    `);
    await clock.advance(9000);
  });

  // Original: Unlock, getLockInformation.Begin, Get, Get.Success, not-lock-owner, Unlock.Error, Finish.
  it('a release that came too late', async () => {
    const { locks, clock, storage, recorder } = makeWorld();
    const lock = await locks.acquire('a', { owner: 'ann' });
    await settle(clock);
    recorder.clear();
    await storage.steal('a');
    await lock.release();
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lock.release
        storage.release
        storage.release: ok
      lock.release: stale
      lease.lost
      lease.lost: lost
      lock: lost"
    `);
  });

  it('a run() whose routine throws: the lock is fine', async () => {
    const { locks, recorder } = makeWorld();
    await locks.run('a', () => Promise.reject(new Error('no stock')), { owner: 'ann' }).catch(() => undefined);
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lock
        lock.acquire
          storage.acquire
          storage.acquire: ok
        - acquire.attempt attempt=1 result=acquired
        lock.acquire: acquired
        lock.release
          storage.release
          storage.release: ok
        lock.release: released
      lock: released"
    `);
  });

  it('close(), with one that holds and one that waits', async () => {
    const { locks, clock, recorder } = makeWorld();
    await locks.acquire('a', { owner: 'ann' });
    locks.acquire('a', { owner: 'bob' }).catch(() => undefined);
    await settle(clock);
    recorder.clear();
    await locks.close();
    expect(tell(recorder, 'ann')).toMatchInlineSnapshot(`
      "lock.release
        storage.release
        storage.release: ok
      lock.release: released
      lock: released"
    `);
    expect(tell(recorder, 'bob')).toMatchInlineSnapshot(`
      "lock.acquire: error
      lock: error"
    `);
  });

  // Original: one CreateLock event without a content.
  it('what was declared, and who asked', async () => {
    const { locks, recorder } = makeWorld();
    locks.lock('a');
    locks.define('orders/{id}', { expectedHoldMs: 200 });
    await locks.inspect('a');
    expect(tell(recorder)).toMatchInlineSnapshot(`
      "lock.create
      lock.create: ok
      lock.create
      lock.create: ok
      lock.inspect
        storage.read
        storage.read: ok
      lock.inspect: ok"
    `);
    expect(recorder.ends('lock.create')[1]).toMatchObject({
      lockName: 'orders/{id}',
      details: { leaseMs: 9000, renewEveryMs: 3000, reentrancy: 'owner', expectedHoldMs: 200 },
    });
  });
});

import { describe, expect, it } from 'vitest';

import { ListenerSet, queued, type OpenEvent } from '@lockscope/core';

import { begun, FakeProcess, possession } from './fake-process.ts';

const name = { lock_name: 'orders/{id}' };
const series = { ...name, lock_system: 'redis' };
const blocker = { ownerId: 'other', operation: 'POST /checkout' };

describe('the gauge of holders', () => {
  it('counts what is held at this moment, and is 0 again when all is given back', async () => {
    const app = new FakeProcess();
    const locks = Array.from({ length: 50 }, (_, n) => app.hold({ lockKey: `orders/${n}` }));
    expect(await app.value('lock_holder_count', series)).toBe(50);
    locks.forEach((lock, n) => lock.end(n % 3 === 0 ? 'lost' : 'released', { details: possession({ holdMs: 1 }) }));
    expect(await app.value('lock_holder_count', series)).toBe(0);
  });

  it('falls from the first to the last, whichever ends first', async () => {
    const app = new FakeProcess();
    const locks = Array.from({ length: 40 }, (_, n) => app.hold({ lockKey: `orders/${n}` }));
    const order = locks.map((_, n) => (n * 17) % 40);
    for (const [ended, n] of order.entries()) {
      locks[n]?.end('released', { details: possession({ holdMs: 1 }) });
      expect(await app.value('lock_holder_count', series)).toBe(39 - ended);
    }
  });

  it('does not move for an acquire that got nothing, nor for a second end', async () => {
    const app = new FakeProcess();
    const lock = app.hold();
    const busy = app.begin();
    begun(busy.child('lock.acquire')).end('not_acquired', { details: { attempts: 1, waitMs: 1, contended: false } });
    busy.end('not_acquired', { details: possession() });
    expect(await app.value('lock_holder_count', series)).toBe(1);
    lock.end('released', { details: possession({ holdMs: 1 }) });
    lock.end('released', { details: possession({ holdMs: 1 }) });
    expect(await app.value('lock_holder_count', series)).toBe(0);
  });

  it('falls in the series in which it rose, also when the name is declared in between', async () => {
    const app = new FakeProcess({ caps: { names: 1 } });
    app.cycle({ lockName: 'first' });
    const lock = app.hold();
    expect(await app.value('lock_holder_count', { ...series, lock_name: '_other' })).toBe(1);
    app.listener.declare('orders/{id}');
    lock.end('released', { details: possession({ holdMs: 1 }) });
    expect(await app.value('lock_holder_count', { ...series, lock_name: '_other' })).toBe(0);
    expect(await app.value('lock_holder_count', series)).toBe(0);
  });

  it('counts one acquire that is told twice once', async () => {
    const app = new FakeProcess();
    const lock = app.begin();
    for (let n = 0; n < 2; n += 1) {
      begun(lock.child('lock.acquire')).end('acquired', { details: { attempts: 1, waitMs: 1, contended: false } });
    }
    expect(await app.value('lock_holder_count', series)).toBe(1);
    lock.end('released', { details: possession({ holdMs: 1 }) });
    expect(await app.value('lock_holder_count', series)).toBe(0);
  });

  it('does not rise for a possession that is over when it is told of, as behind a queue', async () => {
    const app = new FakeProcess();
    const lock = app.begin();
    const acquire = begun(lock.child('lock.acquire'));
    lock.end('error');
    acquire.end('acquired', { details: { attempts: 1, waitMs: 1, contended: false } });
    expect(await app.value('lock_holder_count', series)).toBe(0);
  });

  it('serves several sets of locks at once', async () => {
    const app = new FakeProcess();
    const other = new ListenerSet({ listeners: [app.listener], clock: app.clock });
    const lock = app.hold();
    const second = begun(other.begin('lock', { lockName: 'orders/{id}', lockKey: 'orders/42', storageName: 'redis' }));
    begun(second.child('lock.acquire')).end('acquired', { details: { attempts: 1, waitMs: 1, contended: false } });
    expect(await app.value('lock_holder_count', series)).toBe(2);
    lock.end('released', { details: possession({ holdMs: 1 }) });
    second.end('released', { details: possession({ holdMs: 1 }) });
    expect(await app.value('lock_holder_count', series)).toBe(0);
  });
});

describe('the gauge of waiters', () => {
  it('shows a wait while it lasts, once, and not before it met somebody', async () => {
    const app = new FakeProcess();
    const waiting = (): Promise<number | undefined> => app.value('lock_waiter_count', series);
    const lock = app.begin();
    const acquire = begun(lock.child('lock.acquire'));
    acquire.action('acquire.attempt', { attempt: 1, result: 'busy' });
    expect(await app.sum('lock_waiter_count')).toBe(0);
    acquire.action('acquire.contended', { blocker });
    expect(await waiting()).toBe(1);
    acquire.action('acquire.contended', { blocker });
    acquire.action('acquire.blocker_changed', { previous: blocker, blocker: { ownerId: 'third' } });
    acquire.action('acquire.waiting', { waitedMs: 1000, blocker });
    expect(await waiting()).toBe(1);
    acquire.end('timeout', { details: { attempts: 2, waitMs: 1500, contended: true } });
    expect(await waiting()).toBe(0);
    lock.end('timeout', { details: possession({ contended: true }) });
    expect(await waiting()).toBe(0);
  });
});

describe('the gauges behind a queue', () => {
  it.each([30, 31, 32])('are 0 when all is over, also when it dropped ends: room for %i', async (capacity) => {
    const app = new FakeProcess();
    const queue = queued(app.listener, { capacity, onFull: 'drop_newest' });
    const set = new ListenerSet({ listeners: [queue], clock: app.clock });
    for (let n = 0; n < 50; n += 1) {
      const lock = begun(set.begin('lock', { lockName: 'orders/{id}', lockKey: `orders/${n}`, storageName: 'redis' }));
      const acquire = begun(lock.child('lock.acquire'));
      acquire.action('acquire.contended', { blocker });
      acquire.end('acquired', { details: { attempts: 2, waitMs: 10, contended: true } });
      lock.end('released', { details: possession({ holdMs: 1 }) });
    }
    await queue.flush();
    expect(queue.dropped).toBeGreaterThan(0);
    expect(await app.sum('lock_blocked_time_seconds_total')).toBeGreaterThan(0);
    expect(await app.value('lock_holder_count', series)).toBe(0);
    expect(await app.value('lock_waiter_count', series)).toBe(0);
  });
});

describe('the gauges, where the end of something is never told', () => {
  it('are 0 once it is over: the listener was taken off its locks meanwhile', async () => {
    const app = new FakeProcess();
    const set = new ListenerSet({ clock: app.clock });
    const remove = set.add(app.listener);
    const begin = (): OpenEvent<'lock'> =>
      begun(set.begin('lock', { lockName: 'orders/{id}', lockKey: 'orders/1', storageName: 'redis' }));
    const held = Array.from({ length: 30 }, () => {
      const lock = begin();
      begun(lock.child('lock.acquire')).end('acquired', { details: { attempts: 1, waitMs: 1, contended: false } });
      return lock;
    });
    const waiter = begin();
    const acquire = begun(waiter.child('lock.acquire'));
    acquire.action('acquire.contended', { blocker });
    remove();
    expect(await app.value('lock_holder_count', series)).toBe(30);
    for (const lock of held.slice(5)) lock.end('lost', { details: possession({ holdMs: 1 }) });
    expect(await app.value('lock_holder_count', series)).toBe(5);
    for (const lock of held) lock.end('released', { details: possession({ holdMs: 1 }) });
    acquire.end('timeout', { details: { attempts: 2, waitMs: 10, contended: true } });
    expect(await app.value('lock_holder_count', series)).toBe(0);
    expect(await app.value('lock_waiter_count', series)).toBe(0);
    expect(await app.value('lock_hold_oldest_age_seconds', name)).toBe(0);
    expect(await app.value('lock_wait_oldest_age_seconds', name)).toBe(0);
  });

  it('are 0 once it is over: a queue dropped all that came after the beginning', async () => {
    const app = new FakeProcess();
    const queue = queued(app.listener, { capacity: 1000 });
    const set = new ListenerSet({ listeners: [queue], clock: app.clock });
    const lock = begun(set.begin('lock', { lockName: 'orders/{id}', lockKey: 'orders/1', storageName: 'redis' }));
    const acquire = begun(lock.child('lock.acquire'));
    acquire.action('acquire.contended', { blocker });
    await queue.flush();
    expect(await app.value('lock_waiter_count', series)).toBe(1);
    await queue.close();
    acquire.end('acquired', { details: { attempts: 2, waitMs: 10, contended: true } });
    lock.end('released', { details: possession({ holdMs: 1 }) });
    expect(await app.value('lock_waiter_count', series)).toBe(0);
    expect(await app.value('lock_holder_count', series)).toBe(0);
  });
});

describe('the gauges of ages', () => {
  it('grow while the oldest is still waiting, and go to 0 when nobody is', async () => {
    const app = new FakeProcess();
    const age = (): Promise<number | undefined> => app.value('lock_wait_oldest_age_seconds', name);
    const wait = (): { end: () => void } => {
      const lock = app.begin();
      const acquire = begun(lock.child('lock.acquire'));
      acquire.action('acquire.contended', { blocker });
      return {
        end: () => {
          acquire.end('aborted', { details: { attempts: 1, waitMs: 1, contended: true } });
          lock.end('aborted', { details: possession() });
        },
      };
    };
    const first = wait();
    app.clock.pass(4000);
    const second = wait();
    expect(await age()).toBe(4);
    app.clock.pass(500);
    expect(await age()).toBe(4.5);
    first.end();
    expect(await age()).toBe(0.5);
    second.end();
    expect(await age()).toBe(0);
  });

  it('count a wait from the request, also when it met its blocker late', async () => {
    const app = new FakeProcess();
    const slow = app.begin();
    const slowAcquire = begun(slow.child('lock.acquire'));
    app.clock.pass(1000);
    const quick = app.begin();
    begun(quick.child('lock.acquire')).action('acquire.contended', { blocker });
    app.clock.pass(1000);
    slowAcquire.action('acquire.contended', { blocker });
    expect(await app.value('lock_wait_oldest_age_seconds', name)).toBe(2);
  });

  it('count a hold from the grant, for each name by itself', async () => {
    const app = new FakeProcess();
    const old = app.hold({ waitMs: 250 });
    app.clock.pass(60_000);
    const young = app.hold({ lockName: 'jobs', waitMs: 0 });
    app.clock.pass(1000);
    expect(await app.value('lock_hold_oldest_age_seconds', name)).toBe(61);
    expect(await app.value('lock_hold_oldest_age_seconds', { lock_name: 'jobs' })).toBe(1);
    old.end('released', { details: possession({ holdMs: 61_000 }) });
    expect(await app.value('lock_hold_oldest_age_seconds', name)).toBe(0);
    expect(await app.value('lock_hold_oldest_age_seconds', { lock_name: 'jobs' })).toBe(1);
    young.end('released', { details: possession({ holdMs: 1000 }) });
    expect(await app.value('lock_hold_oldest_age_seconds', { lock_name: 'jobs' })).toBe(0);
  });

  it('name the oldest of many', async () => {
    const app = new FakeProcess();
    const locks = Array.from({ length: 100 }, (_, n) => {
      const lock = app.hold({ lockKey: `orders/${n}`, waitMs: 0 });
      app.clock.pass(1000);
      return lock;
    });
    expect(await app.value('lock_hold_oldest_age_seconds', name)).toBe(100);
    for (const lock of locks.slice(0, 70)) lock.end('released', { details: possession({ holdMs: 1 }) });
    expect(await app.value('lock_hold_oldest_age_seconds', name)).toBe(30);
  });

  it('are not moved by a step of the wall clock once they have been scraped', async () => {
    const app = new FakeProcess();
    app.hold({ waitMs: 0 });
    app.clock.pass(10_000);
    expect(await app.value('lock_hold_oldest_age_seconds', name)).toBe(10);
    app.clock.step(3_600_000);
    app.clock.pass(5000);
    expect(await app.value('lock_hold_oldest_age_seconds', name)).toBe(15);
    app.clock.step(-7_200_000);
    expect(await app.value('lock_hold_oldest_age_seconds', name)).toBe(15);
  });
});

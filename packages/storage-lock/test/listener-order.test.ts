import type { Listener } from '@lockscope/core';
import { describe, expect, it } from 'vitest';

import type { HeldLock, Locks } from '../src/index.ts';
import { makeWorld, settle, type World } from './support/world.ts';

/** A world with a listener that writes down what it hears of, next to what the test itself writes down. */
function listening(types: Listener['types'] & object, world: () => World = makeWorld): World & { heard: string[] } {
  const heard: string[] = [];
  const made = world();
  made.locks.listen({
    name: 'order',
    types,
    onStart: ({ type }) => void heard.push(`${type} starts`),
    onAction: (_event, { name }) => void heard.push(name),
    on: ({ type }) => void heard.push(`${type} ends`),
  });
  return { ...made, heard };
}

describe('the first step of the caller after an acquire', () => {
  const ways: readonly (readonly [string, (locks: Locks) => Promise<HeldLock | undefined>])[] = [
    ['acquire()', (locks) => locks.acquire('orders/1')],
    ['tryAcquire()', (locks) => locks.tryAcquire('orders/1')],
    ['lock().acquire()', (locks) => locks.lock('orders/1').acquire()],
    ['define().acquire()', (locks) => locks.define('orders/{id}').acquire({ id: 1 })],
    ['define().tryAcquire()', (locks) => locks.define('orders/{id}').tryAcquire({ id: 1 })],
  ];

  it.each(ways)('comes before the listeners hear that %s has ended', async (_way, acquire) => {
    const { locks, heard, clock } = listening(['lock.acquire']);
    heard.length = 0;
    const lock = await acquire(locks);
    heard.push('the caller');
    await settle(clock);
    expect(heard.indexOf('the caller')).toBeGreaterThanOrEqual(0);
    expect(heard.indexOf('lock.acquire ends')).toBeGreaterThan(heard.indexOf('the caller'));
    await lock?.release();
  });

  it('comes before them when it waited, and when others wait behind it', async () => {
    const { locks, heard, clock } = listening(['lock.acquire']);
    const first = await locks.acquire('a');
    const second = locks.acquire('a').then((lock) => (heard.push('the caller'), lock));
    const third = locks.acquire('a');
    await settle(clock);
    heard.length = 0;
    await first.release();
    const lock = await second;
    await settle(clock);
    expect(heard[0]).toBe('the caller');
    expect(heard).toContain('acquire.blocker_changed');
    await lock.release();
    await (await third).release();
  });

  it('comes before them when it enters again', async () => {
    const { locks, heard, clock } = listening(['lock']);
    const first = await locks.acquire('a', { owner: 'ann' });
    await settle(clock);
    heard.length = 0;
    const again = await locks.acquire('a', { owner: 'ann' });
    heard.push('the caller');
    await settle(clock);
    expect(heard).toEqual(['the caller', 'lock.reentered']);
    await again.release();
    await first.release();
  });

  it('comes before them for both acquires of one owner that waited', async () => {
    const { locks, heard, clock } = listening(['lock.acquire']);
    const blocker = await locks.acquire('a');
    const both = ['one', 'two'].map((name) =>
      locks.acquire('a', { owner: 'ann' }).then((lock) => (heard.push(name), lock)),
    );
    await settle(clock);
    heard.length = 0;
    await blocker.release();
    const [one, two] = await Promise.all(both);
    await settle(clock);
    expect(heard.slice(0, 2)).toEqual(['one', 'two']);
    expect(heard.filter((what) => what === 'lock.acquire ends')).toHaveLength(2);
    await one?.release();
    await two?.release();
  });
});

describe('the storage', () => {
  it('is asked to release before the listeners hear of it', async () => {
    const { locks, heard, storage } = listening(['lock.release', 'storage.release', 'lease.renew']);
    const lock = await locks.acquire('a');
    heard.length = 0;
    const release = storage.release.bind(storage);
    storage.release = (...args) => (heard.push('the storage'), release(...args));
    await lock.release();
    expect(heard.slice(0, 3)).toEqual(['the storage', 'lock.release starts', 'storage.release starts']);
  });

  it('is asked to release before the listeners hear that a renewal was given up', async () => {
    const { locks, heard, storage, clock } = listening(['lock.release', 'lease.renew']);
    const lock = await locks.acquire('a');
    storage.delay(100);
    await clock.advance(3000);
    storage.delay(0);
    heard.length = 0;
    const release = storage.release.bind(storage);
    storage.release = (...args) => (heard.push('the storage'), release(...args));
    await lock.release();
    expect(heard).toEqual(['the storage', 'lock.release starts', 'lock.release ends', 'lease.renew ends']);
    await clock.advance(100);
  });

  it('is asked for a lock and for a renewal before the listeners hear of the question', async () => {
    const { locks, heard, storage, clock } = listening(['storage.acquire', 'lease.renew', 'storage.renew']);
    const acquire = storage.acquire.bind(storage);
    storage.acquire = (request) => (heard.push('asked to acquire'), acquire(request));
    const renew = storage.renew.bind(storage);
    storage.renew = (...args) => (heard.push('asked to renew'), renew(...args));
    const lock = await locks.acquire('a');
    await clock.advance(3000);
    expect(heard).toEqual([
      'asked to acquire',
      'storage.acquire starts',
      'storage.acquire ends',
      'asked to renew',
      'lease.renew starts',
      'storage.renew starts',
      'storage.renew ends',
      'lease.renew ends',
    ]);
    await lock.release();
  });
});

describe('the holder', () => {
  it('hears of a loss before the listeners', async () => {
    const { locks, heard, clock } = listening(['lease.lost', 'lock'], () => makeWorld({ watchdog: false }));
    const lock = await locks.acquire('a');
    lock.signal.addEventListener('abort', () => heard.push('the holder'));
    heard.length = 0;
    await clock.advance(9000);
    expect(heard).toEqual(['the holder', 'lease.lost starts', 'lease.lost ends', 'lock ends']);
  });

  it('that finds out in its first step is told of in the right order', async () => {
    const { locks, clock, recorder } = makeWorld({ watchdog: false });
    const lock = await locks.acquire('a');
    // What a blocked event loop looks like from inside: time has passed and nothing else had its turn.
    const monotonic = clock.monotonic.bind(clock);
    clock.monotonic = () => monotonic() + 9000;
    expect(lock.state).toBe('lost');
    clock.monotonic = monotonic;
    await settle(clock);
    expect(recorder.outcomes()).toEqual([
      'storage.acquire ok',
      'lock.acquire acquired',
      'lease.lost lost',
      'lock lost',
    ]);
  });
});

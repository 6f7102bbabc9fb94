import type { Event, Listener, ListenerFault } from '@lockscope/core';
import { describe, expect, it, vi } from 'vitest';

import type { LocksOptions } from '../src/index.ts';
import { playScenario } from './support/scenario.ts';
import { makeWorld, outcomeOf, settle, type Outcome } from './support/world.ts';

const throws = (): never => {
  throw new Error('the listener is broken');
};
const rejects = (): Promise<never> => Promise.reject(new Error('the listener is broken'));
const hangs = (): Promise<never> => new Promise(() => undefined);
const tellings = ['on', 'onStart', 'onAction'] as const;
const everywhere = (does: () => unknown): Partial<Listener> =>
  Object.fromEntries(tellings.map((method) => [method, does])) as Partial<Listener>;

/** Listeners that do what they should not, and whether that counts as a fault. */
const broken: readonly (readonly [string, Partial<Listener>, boolean])[] = [
  ...tellings.map((method) => [`throws in ${method}`, { [method]: throws }, true] as const),
  ['throws in each method', everywhere(throws), true],
  ['rejects in each method', everywhere(rejects), true],
  ['never settles', everywhere(hangs), false],
  // oxlint-disable-next-line unicorn/no-thenable -- that is what is tried here
  ['returns a thenable that throws', everywhere(() => ({ then: throws })), true],
  ['throws in around', { around: throws }, true],
  ['throws in around after it called the function', { around: (_event, fn) => (fn(), throws()) }, true],
  ['calls the function twice in around', { around: (_event, fn) => (fn(), fn()) }, false],
  ['never calls the function in around', { around: () => undefined as never }, true],
  ['throws in traceparent', { traceparent: throws }, true],
  ['gives no text as traceparent', { traceparent: () => 5 as never }, false],
  ['gives a malformed traceparent', { traceparent: () => '00-zz-01' }, false],
];

describe('a listener that', () => {
  it.each(broken)('%s changes no result, no order and no lease', async (_what, methods, isFault) => {
    const expected = await playScenario(makeWorld());
    const faults: ListenerFault[] = [];
    const listener = { name: 'broken', on() {}, ...methods } as Listener;
    const options: Partial<LocksOptions> = {
      listeners: [listener],
      onListenerError: (fault) => void faults.push(fault),
    };
    const world = makeWorld(options);
    expect(await playScenario(world)).toEqual(expected);
    await settle(world.clock);
    const stats = world.locks.listeners.stats().find(({ name }) => name === 'broken');
    expect(faults.length > 0).toBe(isFault);
    expect((stats?.faults ?? 0) > 0).toBe(isFault);
    for (const fault of faults) expect(fault).toMatchObject({ listener: 'broken', error: expect.any(Error) as Error });
  });

  it('throws is reported with each fault counted, and so is a reporter that throws itself', async () => {
    const onListenerError = vi.fn<(fault: ListenerFault) => void>(throws);
    const { locks, clock } = makeWorld({ listeners: [{ name: 'broken', on: throws }], onListenerError });
    const lock = await locks.acquire('a');
    expect(await lock.release()).toBe(true);
    await settle(clock);
    const counts = onListenerError.mock.calls.map(([fault]) => [fault.phase, fault.eventType, fault.count]);
    expect(counts.map(([phase]) => phase)).toEqual(counts.map(() => 'on'));
    expect(counts.map(([, type]) => type)).toEqual([
      'storage.acquire',
      'lock.acquire',
      'storage.release',
      'lock.release',
      'lock',
    ]);
    expect(locks.listeners.stats().at(-1)).toEqual({ name: 'broken', faults: 10 });
  });

  it('writes on what it is told changes nothing, neither for the lock nor for other listeners', async () => {
    const vandal: Listener = {
      name: 'vandal',
      onStart: (event) => vandalise(event),
      onAction: (event, action) => (vandalise(event), vandalise(action)),
      on: (event) => vandalise(event),
    };
    const expected = await playScenario(makeWorld());
    expect(await playScenario(makeWorld({ listeners: [vandal], onListenerError: () => undefined }))).toEqual(expected);
  });

  it('adds and removes listeners while it is told changes nothing', async () => {
    const expected = await playScenario(makeWorld());
    const heard: string[] = [];
    const restless: Listener = {
      name: 'restless',
      onStart: ({ type }) => {
        const remove = world.locks.listen({ name: 'guest', on: (event) => void heard.push(event.type) });
        if (type === 'lock.acquire') remove();
      },
      on: () => world.locks.listen(() => undefined)(),
    };
    const world = makeWorld({ listeners: [restless] });
    expect(await playScenario(world)).toEqual(expected);
    expect(heard.length).toBeGreaterThan(0);
  });

  it('takes itself out is told nothing more', async () => {
    let heard = 0;
    const { locks } = makeWorld();
    const remove = locks.listen(() => {
      heard += 1;
      remove();
    });
    await locks.run('a', () => 1);
    await locks.run('a', () => 1);
    expect(heard).toBe(1);
  });
});

function vandalise(told: object): void {
  const target = told as Record<string, unknown>;
  for (const key of ['outcome', 'details', 'actions', 'lock', 'error', 'payload', 'own']) {
    try {
      target[key] = 'vandalised';
    } catch {
      // Frozen, or without a setter: as it should be.
    }
  }
  const { details, actions } = told as Partial<Event>;
  for (const part of [details, actions]) {
    expect(() => Object.assign(part ?? Object.freeze({ x: 1 }), { x: 2 })).toThrow(TypeError);
  }
}

describe('a listener that uses the lock it is told of', () => {
  it.each(['on', 'onStart', 'onAction'] as const)('may release it from inside %s', async (method) => {
    const handles: (() => Promise<boolean>)[] = [];
    const released: Outcome<boolean>[] = [];
    const meddler: Listener = {
      name: 'meddler',
      [method]: () => {
        for (const release of handles.splice(0)) released.push(outcomeOf(release()));
      },
    };
    const { locks, clock, memory } = makeWorld({ leaseMs: 9000, listeners: [meddler] });
    const lock = await locks.acquire('a', { owner: 'ann' });
    await settle(clock);
    handles.push(() => lock.release());
    // The next event is that of a renewal; the next action that of a re-entry.
    const again = method === 'onAction' ? await locks.acquire('a', { owner: 'ann' }) : undefined;
    await clock.advance(3000);
    expect(released).toMatchObject([{ state: 'resolved', value: true }]);
    expect(lock.state).toBe('released');
    expect(await again?.release()).not.toBe(false);
    await settle(clock);
    expect((await memory.read('a')).record).toBeUndefined();
  });

  it('may acquire the same key from inside on, and waits its turn like everybody', async () => {
    const order: string[] = [];
    let meddled = false;
    const meddler: Listener = {
      name: 'meddler',
      on: ({ type }) => {
        if (type !== 'lock.acquire' || meddled) return;
        meddled = true;
        void locks.run('a', () => void order.push('meddler'));
      },
    };
    const { locks, clock, memory } = makeWorld({ listeners: [meddler] });
    const first = await locks.acquire('a');
    const second = locks.acquire('a');
    await settle(clock);
    order.push('first');
    await first.release();
    const next = await second;
    order.push('second');
    await next.release();
    await settle(clock);
    expect(order).toEqual(['first', 'second', 'meddler']);
    expect((await memory.read('a')).record).toBeUndefined();
  });

  it.each(['lock', 'lock.acquire', 'storage.acquire'] as const)(
    'may abort the acquire when it is told of the start of its %s',
    async (type) => {
      const controller = new AbortController();
      const meddler: Listener = { name: 'meddler', types: [type], onStart: () => controller.abort() };
      const { locks, clock, memory } = makeWorld({ listeners: [meddler] });
      await expect(locks.acquire('a', { signal: controller.signal })).rejects.toMatchObject({ code: 'LOCK_ABORTED' });
      await settle(clock);
      expect((await memory.read('a')).record).toBeUndefined();
    },
  );

  it('may close the locks when it is told of the start', async () => {
    const meddler: Listener = { name: 'meddler', types: ['lock'], onStart: () => void locks.close() };
    const { locks, memory } = makeWorld({ listeners: [meddler] });
    await expect(locks.acquire('a')).rejects.toMatchObject({ code: 'LOCKS_CLOSED' });
    await expect(locks.tryAcquire('a')).rejects.toMatchObject({ code: 'LOCKS_CLOSED' });
    expect((await memory.read('a')).record).toBeUndefined();
  });
});

import { AsyncLocalStorage } from 'node:async_hooks';
import { channel, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';
import type { ListenerFault } from '@lockscope/core';
import { MemoryStorage } from '@lockscope/storage';
import { createLocks, type Locks } from '@lockscope/storage-lock';
import { afterEach, describe, expect, it } from 'vitest';

import { channelNames, diagnosticsChannel, type LockAction, type LockTrace } from '../src/index.ts';

const phases = ['start', 'end', 'error', 'asyncStart', 'asyncEnd'] as const;
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

function hear(name: string, hears: (message: unknown) => unknown): void {
  subscribe(name, hears);
  open.push(() => unsubscribe(name, hears));
}

/** What was published on the tracing channel of an operation. */
function traced(operation: string): { readonly phase: string; readonly trace: LockTrace }[] {
  const heard: { phase: string; trace: LockTrace }[] = [];
  for (const phase of phases)
    hear(`tracing:lockscope:${operation}:${phase}`, (trace) => heard.push({ phase, trace: trace as LockTrace }));
  return heard;
}

function locksOf(): { readonly locks: Locks; readonly faults: ListenerFault[] } {
  const faults: ListenerFault[] = [];
  const locks = createLocks({
    storage: new MemoryStorage(),
    listeners: [diagnosticsChannel()],
    onListenerError: (fault) => faults.push(fault),
  });
  open.push(() => locks.close());
  return { locks, faults };
}

describe('an operation of a lock', () => {
  it('is told on its tracing channel, in the order of the ecosystem, with one object', async () => {
    const heard = traced('acquire');
    const { locks } = locksOf();
    await (await locks.acquire('orders/42')).release();
    expect(heard.map(({ phase }) => phase)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    expect(new Set(heard.map(({ trace }) => trace)).size).toBe(1);
    expect(heard[0]?.trace).toMatchObject({
      event: { type: 'lock.acquire', lockKey: 'orders/42' },
      result: 'acquired',
    });
  });

  it.each(['lock', 'acquire', 'release'])('%s has a channel of its own', async (operation) => {
    const heard = traced(operation);
    const { locks } = locksOf();
    await (await locks.acquire('orders/42')).release();
    expect(heard.map(({ phase }) => phase)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
  });

  it('that fails is told with its error, before its end', async () => {
    const heard = traced('acquire');
    const { locks } = locksOf();
    const held = await locks.acquire('orders/42');
    // Listeners hear of it after the caller's first step.
    await turn();
    heard.length = 0;
    await expect(locks.acquire('orders/42', { waitMs: 1 })).rejects.toThrow('orders/42');
    await held.release();
    expect(heard.map(({ phase }) => phase)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    expect(heard[2]?.trace.error).toMatchObject({ name: 'LockTimeoutError', code: 'LOCK_TIMEOUT' });
    expect(heard[2]?.trace.result).toBeUndefined();
  });

  it('that was busy to a try is no error', async () => {
    const { locks } = locksOf();
    const held = await locks.acquire('orders/42');
    const heard = traced('acquire');
    expect(await locks.tryAcquire('orders/42')).toBeUndefined();
    await held.release();
    expect(heard.map(({ phase }) => phase)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    expect(heard[0]?.trace.result).toBe('not_acquired');
  });

  it('is told whole or not at all: who subscribes in the middle hears of the next', async () => {
    const { locks } = locksOf();
    const held = await locks.acquire('orders/42');
    const heard = traced('lock');
    await held.release();
    expect(heard).toEqual([]);
    await (await locks.acquire('orders/42')).release();
    expect(heard).toHaveLength(4);
  });
});

describe('a moment', () => {
  it.each(['contended', 'handed_over'])('of waiting has a channel: %s', async (step) => {
    const heard: LockAction[] = [];
    hear(`lockscope:acquire:${step}`, (message) => heard.push(message as LockAction));
    const { locks } = locksOf();
    const held = await locks.acquire('orders/42');
    const next = locks.acquire('orders/42');
    await held.release();
    await (await next).release();
    expect(heard).toMatchObject([{ event: { type: 'lock.acquire' }, action: { name: `acquire.${step}` } }]);
  });

  it('of loss has a channel', async () => {
    const heard: LockAction[] = [];
    hear('lockscope:lease:lost', (message) => heard.push(message as LockAction));
    const { locks } = locksOf();
    const held = await locks.acquire('orders/42');
    await locks.forceRelease('orders/42', { reason: 'test' });
    await held.release();
    expect(heard).toMatchObject([{ event: { type: 'lease.lost', details: { reason: 'forced' } } }]);
  });
});

describe('nobody subscribed', () => {
  it('nothing is published, on any channel', async () => {
    const { locks } = locksOf();
    const published: string[] = [];
    for (const name of channelNames.flatMap((each) =>
      each.startsWith('tracing:') ? phases.map((phase) => `${each}:${phase}`) : each,
    )) {
      // Where nobody hears it there is no list of subscribers, so Node's own way would be the one.
      Object.assign(channel(name), { publish: () => published.push(name) });
      open.push(() => Reflect.deleteProperty(channel(name), 'publish'));
    }
    await locks.run('orders/42', () => locks.tryAcquire('orders/42'));
    await turn();
    expect(published).toEqual([]);
  });
});

describe('what run() runs', () => {
  it('is one traced operation', async () => {
    const heard = traced('run');
    const { locks } = locksOf();
    expect(await locks.run('orders/42', () => Promise.resolve(7))).toBe(7);
    expect(heard.map(({ phase }) => phase)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    const boom = new Error('boom');
    await expect(locks.run('orders/42', () => Promise.reject(boom))).rejects.toBe(boom);
    expect(heard.slice(4).map(({ phase }) => phase)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    expect(heard[8]?.trace.error?.message).toBe('boom');
  });

  it('runs in the contexts that an APM bound to its start', async () => {
    const store = new AsyncLocalStorage<string>();
    const { start } = tracingChannel<string, LockTrace>('lockscope:run');
    start.bindStore(store, ({ event }) => event.lockKey);
    open.push(() => start.unbindStore(store));
    const { locks } = locksOf();
    const seen = await locks.run('orders/42', async () => {
      await Promise.resolve();
      return store.getStore();
    });
    expect(seen).toBe('orders/42');
    expect(store.getStore()).toBeUndefined();
  });

  it('runs outside a context whose maker fails', async () => {
    const store = new AsyncLocalStorage<string>();
    const { start } = tracingChannel<string, LockTrace>('lockscope:run');
    start.bindStore(store, () => {
      throw new Error('boom');
    });
    open.push(() => start.unbindStore(store));
    const { locks, faults } = locksOf();
    expect(await locks.run('orders/42', () => Promise.resolve(store.getStore()))).toBeUndefined();
    await turn();
    expect(faults).toMatchObject([{ phase: 'around', error: { message: 'boom' } }]);
  });
});

describe('a subscriber that fails', () => {
  it.each([
    ['throws', (): never => raise('boom')],
    ['rejects', (): Promise<never> => Promise.reject(new Error('boom'))],
  ])('and %s changes nothing for the lock, ends no process, and is counted', async (_how, fail) => {
    const uncaught: unknown[] = [];
    const catches = (error: unknown): void => void uncaught.push(error);
    process.on('uncaughtException', catches);
    process.on('unhandledRejection', catches);
    open.push(() => process.off('uncaughtException', catches).off('unhandledRejection', catches));
    for (const operation of ['lock', 'acquire', 'release', 'run'])
      for (const phase of phases) hear(`tracing:lockscope:${operation}:${phase}`, fail);
    const heard = traced('acquire');
    const { locks, faults } = locksOf();
    expect(await locks.run('orders/42', () => Promise.resolve(7))).toBe(7);
    await expect(locks.run('orders/42', () => Promise.reject(new Error('own')))).rejects.toThrow('own');
    await turn();
    expect(uncaught).toEqual([]);
    const whole = ['start', 'end', 'asyncStart', 'asyncEnd'];
    expect(heard.map(({ phase }) => phase)).toEqual([...whole, ...whole]);
    expect(faults.length).toBeGreaterThan(0);
    expect(new Set(faults.map(({ listener }) => listener))).toEqual(new Set(['diagnostics-channel']));
    expect(new Set(faults.map(({ phase }) => phase))).toEqual(new Set(['onStart', 'on', 'around']));
  });
});

/** What can wait has been done then. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function raise(text: string): never {
  throw new Error(text);
}

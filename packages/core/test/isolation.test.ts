import { describe, expect, it } from 'vitest';

import { ListenerSet, type Listener, type ListenerFault } from '../src/index.ts';
import { HandClock } from './hand-clock.ts';
import { Heard } from './heard.ts';
import { orders, tellPossession } from './possession.ts';
import { unhandledDuring } from './unhandled.ts';

const boom = new Error('boom');

/** Whatever a method of a listener can do instead of returning. */
const ways: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw boom;
  },
  'throws undefined': () => {
    throw undefined;
  },
  'throws something without a text': () => {
    throw Object.create(null);
  },
  rejects: () => Promise.reject(boom),
  'gives a thenable whose then throws': () => ({
    // oxlint-disable-next-line unicorn/no-thenable
    get then() {
      throw boom;
    },
  }),
  'gives a thenable that rejects': () => ({
    // oxlint-disable-next-line unicorn/no-thenable
    then: (_resolve: unknown, reject: (error: unknown) => void) => reject(boom),
  }),
  'gives a promise that cannot be told from others': () =>
    Object.defineProperty(Promise.resolve(), 'constructor', {
      get() {
        throw boom;
      },
    }),
};
const methods = ['onStart', 'onAction', 'on'] as const;
const all = methods.flatMap((method) => Object.entries(ways).map(([way, act]) => ({ method, way, act })));

async function possessionBeside(bad: Listener): Promise<{ heard: Heard; faults: ListenerFault[]; set: ListenerSet }> {
  const heard = new Heard();
  const faults: ListenerFault[] = [];
  const clock = new HandClock();
  const set = new ListenerSet({ listeners: [bad, heard], clock, onListenerError: (fault) => faults.push(fault) });
  const unhandled = await unhandledDuring(() => tellPossession(set, clock));
  expect(unhandled).toEqual([]);
  return { heard, faults, set };
}

describe('a listener', () => {
  it.each(all)('whose $method $way reaches neither the caller nor the next listener', async ({ method, act }) => {
    let calls = 0;
    const bad = {
      name: 'bad',
      [method]: () => {
        calls += 1;
        return act();
      },
    };
    const { heard, faults, set } = await possessionBeside(bad);
    expect(calls).toBeGreaterThan(0);
    expect(heard.lines).toHaveLength(16);
    expect(faults.map(({ listener, phase }) => `${listener} ${phase}`)).toEqual(Array(calls).fill(`bad ${method}`));
    expect(set.stats()).toEqual([
      { name: 'bad', faults: calls },
      { name: 'heard', faults: 0 },
    ]);
  });

  it.each(methods)('whose %s never settles delays nobody and is no fault', async (method) => {
    const { heard, faults } = await possessionBeside({ name: 'slow', [method]: () => new Promise(() => {}) });
    expect(heard.lines).toHaveLength(16);
    expect(faults).toEqual([]);
  });

  it('that fails is told of the next event all the same', async () => {
    let told = 0;
    await possessionBeside({
      name: 'bad',
      on: () => {
        told += 1;
        throw boom;
      },
    });
    expect(told).toBe(7);
  });

  it('whose methods are gone by the time they are called is no fault', async () => {
    const bad: { name: string; on?: () => void } = { name: 'bad', on: () => {} };
    const clock = new HandClock();
    const faults: ListenerFault[] = [];
    const set = new ListenerSet({ listeners: [bad], clock, onListenerError: (fault) => faults.push(fault) });
    delete bad.on;
    tellPossession(set, clock);
    expect(faults).toEqual([]);
  });

  it('whose types can no longer be read is no fault: they were read when it was added', async () => {
    let broken = false;
    const asked: string[] = [];
    const bad: Listener = {
      name: 'bad',
      get types() {
        if (broken) throw boom;
        return ['lock'] as const;
      },
      around: (event, fn) => {
        asked.push(event.type);
        return fn();
      },
      traceparent: (event) => {
        asked.push(event.type);
        return undefined;
      },
    };
    const set = new ListenerSet({ listeners: [bad] });
    broken = true;
    const open = set.begin('lock', orders);
    expect(open?.around(() => 1)).toBe(1);
    expect(open?.traceparent()).toBeUndefined();
    expect(asked).toEqual(['lock', 'lock']);
  });

  it('that gives a number, as an arrow function easily does, is no fault', async () => {
    const seen: string[] = [];
    const { faults } = await possessionBeside({ name: 'list', on: ({ id }) => seen.push(id) as unknown as void });
    expect(faults).toEqual([]);
    expect(seen).toHaveLength(7);
  });

  it('that begins a new possession whenever it is told of one cannot overflow the caller', () => {
    let ends = 0;
    const set = new ListenerSet({ onListenerError: () => {} });
    set.add({ name: 'loop', onStart: () => void set.begin('lock', orders) });
    set.add({ name: 'other', on: () => void (ends += 1) });
    const open = set.begin('lock', orders);
    open?.end('released');
    expect(ends).toBeGreaterThan(0);
  });
});

import { afterEach, describe, expect, it, vi } from 'vitest';

import { ListenerSet, type Listener, type ListenerFault } from '../src/index.ts';
import { orders } from './possession.ts';
import { unhandledDuring } from './unhandled.ts';

const boom = new Error('boom');
type Way = readonly [how: string, act: () => unknown];
const bad: Listener = {
  name: 'bad',
  on: () => {
    throw boom;
  },
};

function end(set: ListenerSet): void {
  set.begin('lock', orders)?.end('released');
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('a fault of a listener', () => {
  it('is reported once, with who, where, what, and how many so far', () => {
    const faults: ListenerFault[] = [];
    const set = new ListenerSet({ listeners: [bad], onListenerError: (fault) => faults.push(fault) });
    end(set);
    end(set);
    expect(faults).toEqual([
      { listener: 'bad', phase: 'on', error: boom, eventType: 'lock', count: 1 },
      { listener: 'bad', phase: 'on', error: boom, eventType: 'lock', count: 2 },
    ]);
    expect(Object.isFrozen(faults[0])).toBe(true);
    expect(set.stats()).toEqual([{ name: 'bad', faults: 2 }]);
  });

  it('is told to the other listeners, and not to the one that failed', () => {
    const heard: string[] = [];
    const hears = (name: string): Listener => ({
      name,
      onFault: ({ listener }) => void heard.push(`${name}: ${listener}`),
    });
    const set = new ListenerSet({
      listeners: [hears('a'), { ...bad, onFault: () => void heard.push('bad: itself') }, hears('b')],
      onListenerError: () => {},
    });
    end(set);
    expect(heard).toEqual(['a: bad', 'b: bad']);
  });

  it('is no longer told to a listener that was removed', () => {
    const heard: string[] = [];
    const set = new ListenerSet({ listeners: [bad], onListenerError: () => {} });
    const remove = set.add({ name: 'a', onFault: () => void heard.push('a') });
    const open = set.begin('lock', orders);
    remove();
    open?.end('released');
    expect(heard).toEqual([]);
  });
});

describe('a listener that fails when it is told of a fault', () => {
  it.each<Way>([
    [
      'by throwing',
      () => {
        throw new Error('again');
      },
    ],
    ['by rejecting', () => Promise.reject(new Error('again'))],
  ])('%s is reported and counted, but told to nobody: that would have no end', async (_how, onFault) => {
    const faults: string[] = [];
    const told: string[] = [];
    const set = new ListenerSet({
      listeners: [bad, { name: 'worse', onFault }, { name: 'third', onFault: ({ phase }) => void told.push(phase) }],
      onListenerError: ({ listener, phase, count }) => faults.push(`${listener} ${phase} ${count}`),
    });
    expect(await unhandledDuring(() => end(set))).toEqual([]);
    expect(faults).toEqual(['bad on 1', 'worse onFault 1']);
    expect(told).toEqual(['on']);
    expect(set.stats().map(({ faults: count }) => count)).toEqual([1, 1, 0]);
  });
});

describe('a reporter that fails', () => {
  it.each<Way>([
    [
      'by throwing',
      () => {
        throw new Error('reporter');
      },
    ],
    ['by rejecting', () => Promise.reject(new Error('reporter'))],
  ])('%s reaches nobody, and is counted with the listener', async (_how, onListenerError) => {
    const heard: unknown[] = [];
    const set = new ListenerSet({
      listeners: [bad, { name: 'other', on: () => {}, onFault: ({ error }) => void heard.push(error) }],
      onListenerError,
    });
    expect(await unhandledDuring(() => end(set))).toEqual([]);
    expect(set.stats()).toEqual([
      { name: 'bad', faults: 2 },
      { name: 'other', faults: 0 },
    ]);
    expect(heard).toEqual([boom]);
  });
});

describe('without a reporter', () => {
  it('a listener that fails makes one warning of the process, however often it fails', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const set = new ListenerSet({ listeners: [bad, { ...bad, name: 'second' }] });
    end(set);
    end(set);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/listener "bad" failed in on.*Error: boom/), 'LockscopeListenerWarning'],
      [expect.stringMatching(/listener "second" failed in on.*Error: boom/), 'LockscopeListenerWarning'],
    ]);
  });

  it('what was thrown may be anything', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const nothing: unknown = Object.create(null);
    const hostile = {
      name: 'hostile',
      on: () => {
        throw nothing;
      },
    };
    const set = new ListenerSet({ listeners: [hostile] });
    end(set);
    expect(warn).toHaveBeenCalledOnce();
    expect(set.stats()).toEqual([{ name: 'hostile', faults: 1 }]);
  });

  it('the console says it where there is no process', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    vi.stubGlobal('process', undefined);
    const set = new ListenerSet({ listeners: [bad] });
    end(set);
    end(set);
    vi.unstubAllGlobals();
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0]?.[0]).toMatch(/listener "bad" failed in on/);
  });
});

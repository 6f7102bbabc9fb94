import { describe, expect, it } from 'vitest';

import { ListenerSet, type Event, type Listener, type ListenerFault, type OpenEvent } from '../src/index.ts';
import { orders } from './possession.ts';
import { unhandledDuring } from './unhandled.ts';

type Around = NonNullable<Listener['around']>;

function openWith(...arounds: unknown[]): { open: OpenEvent<'lock'>; faults: ListenerFault[] } {
  const faults: ListenerFault[] = [];
  const listeners = arounds.map((around, at) => ({ name: `l${at}`, around: around as Around }));
  const set = new ListenerSet({ listeners, onListenerError: (fault) => faults.push(fault) });
  return { open: set.begin('lock', orders) as OpenEvent<'lock'>, faults };
}

const own = new Error("the caller's own");
const theirs = new Error("the listener's");

/** What a listener can do around the caller's function, and how many faults that makes when it returns, or throws. */
const behaviours: readonly (readonly [
  name: string,
  faults: readonly [number, number],
  around: (event: Event, fn: () => unknown) => unknown,
])[] = [
  ['calls it and gives its result', [0, 0], (_event, fn) => fn()],
  ['calls it and gives something else', [0, 0], (_event, fn) => [fn()]],
  ['calls it and gives nothing', [0, 0], (_event, fn) => void fn()],
  ['never calls it', [1, 1], () => 'never called'],
  ['calls it twice', [0, 0], (_event, fn) => [fn(), fn()]],
  [
    'throws before it',
    [1, 1],
    () => {
      throw theirs;
    },
  ],
  [
    'throws after it',
    [1, 0],
    (_event, fn) => {
      fn();
      throw theirs;
    },
  ],
  [
    'swallows what it throws',
    [0, 0],
    (_event, fn) => {
      try {
        return fn();
      } catch {
        return 'swallowed';
      }
    },
  ],
  [
    'replaces what it throws',
    [1, 1],
    (_event, fn) => {
      try {
        fn();
      } catch {}
      throw theirs;
    },
  ],
];

describe('the function that a listener is around', () => {
  it.each(behaviours)(
    'runs once, and its result is what the caller gets, when the listener %s',
    (_name, [count], around) => {
      const { open, faults } = openWith(around);
      let runs = 0;
      const result = { some: 'result' };
      expect(
        open.around(() => {
          runs += 1;
          return result;
        }),
      ).toBe(result);
      expect(runs).toBe(1);
      expect(faults.map(({ phase, eventType }) => `${phase} ${eventType}`)).toEqual(Array(count).fill('around lock'));
    },
  );

  it.each(behaviours)(
    'runs once, and what it throws is what the caller gets, when the listener %s',
    (_name, [, count], around) => {
      const { open, faults } = openWith(around);
      let runs = 0;
      const thrown = caught(() =>
        open.around(() => {
          runs += 1;
          throw own;
        }),
      );
      expect(thrown).toBe(own);
      expect(runs).toBe(1);
      expect(faults).toHaveLength(count);
    },
  );

  it('may throw undefined', () => {
    const { open, faults } = openWith((_event: Event, fn: () => unknown) => fn());
    let threw = false;
    try {
      open.around(() => {
        throw undefined;
      });
    } catch (thrown) {
      threw = thrown === undefined;
    }
    expect(threw).toBe(true);
    expect(faults).toEqual([]);
  });

  it('runs inside what every listener opened, the last one innermost, whatever the others do', () => {
    const steps: string[] = [];
    const opens =
      (name: string): Around =>
      (_event, fn) => {
        steps.push(`${name} opens`);
        try {
          return fn();
        } finally {
          steps.push(`${name} closes`);
        }
      };
    const throws = () => {
      throw theirs;
    };
    const { open, faults } = openWith(opens('a'), throws, opens('b'));
    open.around(() => steps.push('runs'));
    expect(steps.toSorted()).toEqual(['a closes', 'a opens', 'b closes', 'b opens', 'runs']);
    expect(steps[2]).toBe('runs');
    expect(faults.map(({ listener }) => listener)).toEqual(['l1']);
  });

  it('does not run again when the listener comes back to it later', () => {
    let later: (() => unknown) | undefined;
    const { open } = openWith((_event: Event, fn: () => unknown) => {
      later = fn;
      return fn();
    });
    let runs = 0;
    open.around(() => (runs += 1));
    expect(later?.()).toBe(1);
    expect(runs).toBe(1);
  });

  it('does not run inside itself', () => {
    let again: (() => unknown) | undefined;
    const { open } = openWith((_event: Event, fn: () => unknown) => {
      again = fn;
      return fn();
    });
    let runs = 0;
    const inner = open.around(() => {
      runs += 1;
      return runs > 1 ? undefined : caught(() => again?.());
    });
    expect(runs).toBe(1);
    expect(inner).toEqual(new Error('the function that around() was given is running already'));
  });

  it('is run by itself when nobody is around', () => {
    const open = new ListenerSet({ listeners: [() => {}] }).begin('lock', orders);
    expect(open?.around(() => 42)).toBe(42);
  });
});

describe('an asynchronous function', () => {
  const listenerAwaits = async (_event: Event, fn: () => unknown) => {
    try {
      return await fn();
    } finally {
      await Promise.resolve();
    }
  };

  it('gives the caller its own promise', () => {
    const { open } = openWith(listenerAwaits);
    const promise = Promise.resolve(1);
    expect(open.around(() => promise)).toBe(promise);
  });

  it('that rejects inside an asynchronous listener rejects once, for the caller, and is nobody else’s fault', async () => {
    const { open, faults } = openWith(listenerAwaits);
    const unhandled = await unhandledDuring(async () => {
      await expect(open.around(() => Promise.reject(own))).rejects.toBe(own);
    });
    expect(unhandled).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('is not touched by a listener that rejects, which is a fault', async () => {
    const rejects = async (_event: Event, fn: () => unknown) => {
      await fn();
      throw theirs;
    };
    const { open, faults } = openWith(rejects);
    const unhandled = await unhandledDuring(async () => {
      await expect(open.around(() => Promise.resolve('fine'))).resolves.toBe('fine');
    });
    expect(unhandled).toEqual([]);
    expect(faults.map(({ error }) => error)).toEqual([theirs]);
  });

  it('that nobody waits for is still told of by the process when it rejects', async () => {
    const { open } = openWith((_event: Event, fn: () => unknown) => fn());
    const unhandled = await unhandledDuring(() => {
      void open.around(() => Promise.reject(own));
    });
    expect(unhandled).toEqual([own]);
  });

  it('whose result starts its work when somebody asks for it, as query builders do, is not asked', async () => {
    let asked = 0;
    const lazy = {
      // oxlint-disable-next-line unicorn/no-thenable
      then: () => {
        asked += 1;
      },
    };
    const rejects = async (_event: Event, fn: () => unknown) => {
      fn();
      throw theirs;
    };
    const { open, faults } = openWith((_event: Event, fn: () => unknown) => fn(), rejects);
    const unhandled = await unhandledDuring(() => {
      expect(open.around(() => lazy)).toBe(lazy);
    });
    expect(unhandled).toEqual([]);
    expect(asked).toBe(0);
    expect(faults.map(({ error }) => error)).toEqual([theirs]);
  });
});

function caught(fn: () => unknown): unknown {
  try {
    fn();
  } catch (thrown) {
    return thrown;
  }
  return expect.unreachable('nothing was thrown');
}

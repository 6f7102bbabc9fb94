import { describe, expect, it } from 'vitest';

import { ListenerSet, snapshot, type Action, type Event } from '../src/index.ts';
import { HandClock } from './hand-clock.ts';
import { tellPossession } from './possession.ts';

type Attempt = (event: Event, action: Action) => void;
type Loose = Record<string, never>;

/** Everything that a listener can try on what it is handed; each must throw. */
const onEvents: Readonly<Record<string, Attempt>> = {
  'assign a field': (event) => {
    (event as { outcome: string }).outcome = 'forged';
  },
  'assign a field that is not there': (event) => {
    (event as unknown as { seen: boolean }).seen = true;
  },
  'assign to the parent': (event) => {
    ((event.parent ?? event) as { lockKey: string }).lockKey = 'forged';
  },
  'define a field over a getter': (event) => Object.defineProperty(event, 'type', { value: 'forged' }),
  'define a getter that throws': (event) =>
    Object.defineProperty(event, 'type', {
      get() {
        throw new Error('forged');
      },
    }),
  'change the getters of all events': (event) =>
    Object.defineProperty(Object.getPrototypeOf(event), 'lockKey', { value: 'forged' }),
  'delete a getter of all events': (event) => {
    delete (Object.getPrototypeOf(event) as Loose)['lockKey'];
  },
  'change the kind of object': (event) => Object.setPrototypeOf(event, { lockKey: 'forged' }),
  'push an action': (event) => (event.actions as Action[]).push({ name: 'forged' } as never),
  'drop the actions': (event) => {
    (event.actions as Action[]).length = 0;
  },
};
const onActions: Readonly<Record<string, Attempt>> = {
  'assign a field of an action': (_event, action) => {
    (action as { name: string }).name = 'forged';
  },
  'delete a field of an action': (_event, action) => {
    delete (action as Partial<{ name: string }>).name;
  },
  'assign in a payload': (_event, action) => {
    (action.payload as { via: string }).via = 'forged';
  },
  'define in a payload': (_event, action) =>
    Object.defineProperty(action.payload, 'blocker', { value: { ownerId: 'forged' } }),
  'assign deep inside a payload': (_event, action) => {
    const { blocker } = action.payload as { blocker?: { ownerId: string } };
    if (blocker === undefined) throw new TypeError('nothing to forge here');
    blocker.ownerId = 'forged';
  },
};
const onEnded: Readonly<Record<string, Attempt>> = {
  'assign in the details': (event) => {
    (event.details as unknown as { attempts: number }).attempts = 99;
  },
  'assign deep inside the details': (event) => {
    const { blocker } = event.details as { blocker?: { ownerId: string } };
    if (blocker === undefined) throw new TypeError('nothing to forge here');
    blocker.ownerId = 'forged';
  },
};

describe('a listener that tries to', () => {
  it.each(Object.entries(onEvents))('%s of an event fails, and later listeners see no change', (_what, attempt) => {
    expectNoChange({ onStart: attempt, onAction: attempt, on: attempt });
  });

  it.each(Object.entries(onActions))('%s fails, and later listeners see no change', (_what, attempt) => {
    expectNoChange({ onAction: attempt });
  });

  it.each(Object.entries(onEnded))(
    '%s of an ended event fails, and later listeners see no change',
    (_what, attempt) => {
      expectNoChange({ on: attempt });
    },
  );

  it('delete a field of an event changes nothing', () => {
    const { before, after } = witnessed({
      on: (event) => {
        delete (event as Partial<{ lockKey: string }>).lockKey;
      },
    });
    expect(after).toEqual(before);
  });
});

it('the record and the error of an event are read-only, all the way down', () => {
  const errors: unknown[] = [];
  const vandal = {
    name: 'vandal',
    on({ error, lock }: Event): void {
      const inner = error?.errors?.[0];
      const attempts = [
        () => Object.assign(error ?? {}, { message: 'forged' }),
        () => Object.assign(error?.cause ?? {}, { message: 'forged' }),
        () => Object.assign(inner ?? {}, { message: 'forged' }),
        () => ((error?.errors ?? []) as unknown[]).push('forged'),
        () => Object.assign(lock ?? {}, { fencingToken: 99 }),
      ];
      for (const attempt of attempts) {
        try {
          attempt();
        } catch (thrown) {
          errors.push(thrown);
        }
      }
    },
  };
  const seen: Event[] = [];
  const set = new ListenerSet({ listeners: [vandal, (event) => void seen.push(snapshot(event))] });
  const error = new AggregateError([new Error('inner')], 'outer', { cause: new Error('why') });
  const lock = { key: 'a', ownerId: 'o', fencingToken: 1, acquiredAt: 1, expiresAt: 2 };
  set.begin('lock.acquire', { lockName: 'a', lockKey: 'a' })?.end('error', { error, lock });
  expect(errors).toHaveLength(5);
  for (const thrown of errors) expect(thrown).toBeInstanceOf(TypeError);
  expect(seen[0]).toMatchObject({
    error: { message: 'outer', cause: { message: 'why' }, errors: [{ message: 'inner' }] },
    lock: { fencingToken: 1 },
  });
});

it('a payload that cannot be frozen harms nobody', () => {
  const heard: unknown[] = [];
  const set = new ListenerSet({
    listeners: [{ name: 'l', onAction: (_event, { payload }) => void heard.push(payload) }],
  });
  const bytes = new Uint8Array(4);
  const open = set.begin('lock', { lockName: 'a', lockKey: 'a' });
  open?.action('lock.reentered', { depth: 2, bytes } as { depth: number });
  expect(heard).toEqual([{ depth: 2, bytes }]);
});

function expectNoChange(vandal: Partial<Record<'onStart' | 'onAction' | 'on', Attempt>>): void {
  const { before, after, calls, faults } = witnessed(vandal);
  expect(calls).toBeGreaterThan(0);
  expect(faults, 'each attempt throws').toBe(calls);
  expect(after).toEqual(before);
}

/** What the listeners before and after a vandal see of one possession, call by call. */
function witnessed(vandal: Partial<Record<'onStart' | 'onAction' | 'on', Attempt>>): {
  before: string[];
  after: string[];
  calls: number;
  faults: number;
} {
  const witness = (seen: string[], name: string) => ({
    name,
    onStart: (event: Event) => void seen.push(JSON.stringify(event)),
    onAction: (event: Event, action: Action) => void seen.push(JSON.stringify([event, action])),
    on: (event: Event) => void seen.push(JSON.stringify(event)),
  });
  const [before, after]: [string[], string[]] = [[], []];
  let calls = 0;
  let faults = 0;
  const counted = Object.fromEntries(
    Object.entries(vandal).map(([method, attempt]) => [
      method,
      (event: Event, action: Action) => {
        calls += 1;
        attempt(event, action);
      },
    ]),
  );
  const clock = new HandClock();
  const set = new ListenerSet({
    listeners: [witness(before, 'before'), { name: 'vandal', ...counted }, witness(after, 'after')],
    clock,
    onListenerError: ({ listener, error }) => {
      expect(listener).toBe('vandal');
      expect(error).toBeInstanceOf(TypeError);
      faults += 1;
    },
  });
  tellPossession(set, clock);
  expect(before).toHaveLength(16);
  return { before, after, calls, faults };
}

import assert from 'node:assert/strict';

import { encodeEvent, eventTypes, type Action, type Event, type Listener } from '@lockscope/core';

import { hostileStories } from './hostile-stories.ts';
import type { ListenerTrial } from './listener-trial.ts';
import { possession, stories } from './stories.ts';

/** One case before it is bound to a listener. */
export interface ListenerScript {
  readonly name: string;
  readonly body: (trial: ListenerTrial) => unknown;
}

const everyStory = [...stories, ...hostileStories];

function withoutFault({ name, tell }: (typeof everyStory)[number]): ListenerScript {
  return {
    name: `no fault: ${name}`,
    body: async (trial) => {
      trial.tell({ name, tell });
      await trial.flush();
      trial.hasNoFault();
    },
  };
}

function accountsForAll({ setup, expected }: ListenerTrial): void {
  const told = setup.told?.();
  if (told !== undefined) assert.equal(told, expected, `of ${expected} events that ended it accounts for ${told}`);
}

/** Events of a possession as a queue has them: each with the phases in which it was told. */
function collect(trial: ListenerTrial): { phase: 'on' | 'onStart' | 'onAction'; event: Event; action?: Action }[] {
  const told: ReturnType<typeof collect> = [];
  trial.remove();
  const remove = trial.listeners.add({
    name: 'collector',
    onStart: (event) => void told.push({ phase: 'onStart', event }),
    onAction: (event, action) => void told.push({ phase: 'onAction', event, action }),
    on: (event) => void told.push({ phase: 'on', event }),
  });
  trial.tell(...stories);
  remove();
  trial.expected = 0;
  return told;
}

function outOfOrder(
  name: string,
  order: (told: ReturnType<typeof collect>) => ReturnType<typeof collect>,
): ListenerScript {
  return {
    name: `no fault: ${name}`,
    body: async (trial) => {
      for (const { phase, event, action } of order(collect(trial))) trial.deliver(phase, event, action);
      await trial.flush();
      trial.hasNoFault();
    },
  };
}

function read(event: Event): string {
  return `${encodeEvent(event)} ${Reflect.ownKeys(event).map(String).join()}`;
}

/** Looks at every event before the listener is told of it, and again after it. */
function compare(trial: ListenerTrial): void {
  const before = new Map<Event, string>();
  const first = (event: Event): void => void before.set(event, read(event));
  const second = (event: Event): void => {
    if (before.get(event) !== read(event)) trial.changes.push(read(event));
  };
  trial.remove();
  trial.listeners.add({ name: 'before', onStart: first, onAction: first, on: first });
  trial.listeners.add(trial.timed);
  trial.listeners.add({ name: 'after', onStart: second, onAction: second, on: second });
}

export const telling: readonly ListenerScript[] = [
  {
    name: 'shape: it has a name, something to hear with, and wants only types that exist',
    body: ({ setup: { listener } }) => {
      assert.ok(typeof listener.name === 'string' && listener.name !== '', 'it has no name');
      assert.equal(listener.name, listener.name.trim(), 'its name has blanks around it');
      const methods = ['on', 'onStart', 'onAction', 'onFault', 'around', 'traceparent'] as const;
      for (const method of methods) assert.match(typeof listener[method], /^(function|undefined)$/, method);
      assert.ok(
        methods.some((method) => listener[method] !== undefined),
        'it hears nothing',
      );
      for (const type of listener.types ?? []) assert.ok(Object.hasOwn(eventTypes, type), `there is no type ${type}`);
    },
  },
  ...everyStory.map(withoutFault),
  outOfOrder('ends without their starts, as from a queue that dropped some', (told) =>
    told.filter(({ phase }) => phase !== 'onStart'),
  ),
  outOfOrder('starts without their ends', (told) => told.filter(({ phase }) => phase !== 'on')),
  outOfOrder('everything in the wrong order', (told) => told.toReversed()),
  {
    name: 'no fault: it is told of the fault of another listener',
    body: async (trial) => {
      const fails: Listener = {
        name: 'fails',
        on() {
          throw new Error('a fault of the test');
        },
      };
      trial.listeners.add(fails);
      trial.tell(...stories);
      await trial.flush();
      const own = trial.faults.filter((fault) => fault.includes('.onFault of '));
      assert.deepEqual(own, [], 'it failed when it was told of a fault');
    },
  },
  {
    name: 'accounts: every event that ended, where it says how many',
    body: async (trial) => {
      trial.tell(...everyStory);
      await trial.flush();
      accountsForAll(trial);
    },
  },
  {
    name: 'accounts: thousands of events without a pause',
    body: async (trial) => {
      for (let tree = 0; tree < trial.options.events / 5; tree += 1) possession(trial.teller);
      await trial.flush();
      accountsForAll(trial);
    },
  },
  {
    name: 'time: no call keeps the caller longer than it may',
    body: async (trial) => {
      trial.tell(...everyStory);
      for (let tree = 0; tree < trial.options.events / 5; tree += 1) possession(trial.teller);
      await trial.flush();
      const { longestMs, options } = trial;
      assert.ok(longestMs <= options.maxBlockMs, `a call took ${Math.round(longestMs)} ms, of ${options.maxBlockMs}`);
    },
  },
  {
    name: 'events: are left as they are',
    body: async (trial) => {
      compare(trial);
      trial.tell(...everyStory);
      await trial.flush();
      assert.deepEqual(trial.changes, [], 'events read differently after the listener had been told of them');
    },
  },
  {
    name: 'removal: it hears nothing after it was removed',
    body: async (trial) => {
      trial.tell(...stories);
      await trial.flush();
      trial.remove();
      const { calls } = trial;
      const told = trial.setup.told?.();
      trial.tell(...stories);
      await trial.flush();
      assert.equal(trial.calls, calls, 'it was called after it had been removed');
      assert.equal(trial.setup.told?.(), told, 'it accounts for what it cannot have heard');
    },
  },
];

import type { Event } from '@lockscope/core';

import type { ListenerDouble } from './listener-double.ts';

const never = (): Promise<never> => new Promise(() => undefined);

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

export const carelessListeners: readonly ListenerDouble[] = [
  {
    name: 'loses one event in a hundred',
    caughtBy: [
      'accounts: every event that ended, where it says how many',
      'accounts: thousands of events without a pause',
    ],
    create: () => {
      let seen = 0;
      let told = 0;
      const on = (): void => {
        seen += 1;
        if (seen % 100 !== 0) told += 1;
      };
      return { listener: { name: 'double', on }, told: () => told };
    },
  },
  {
    name: 'loses what does not fit into its buffer',
    caughtBy: ['accounts: thousands of events without a pause'],
    create: () => {
      const buffer: string[] = [];
      const on = ({ type }: Event): void => void (buffer.length < 1500 && buffer.push(type));
      return { listener: { name: 'double', on }, told: () => buffer.length };
    },
  },
  {
    name: 'accounts for events that it was not told of',
    caughtBy: [
      'accounts: every event that ended, where it says how many',
      'accounts: thousands of events without a pause',
      'removal: it hears nothing after it was removed',
    ],
    create: () => {
      let told = 0;
      const on = (): void => void (told += 1);
      return { listener: { name: 'double', on }, told: () => (told += 1) };
    },
  },
  {
    name: 'writes on what events carry',
    caughtBy: ['no fault: payloads that cannot be written as JSON', 'events: are left as they are'],
    create: () => ({
      listener: {
        name: 'double',
        on({ details }) {
          for (const value of Object.values(details ?? {}) as unknown[]) if (value instanceof Date) value.setTime(0);
        },
      },
    }),
  },
  {
    name: 'keeps the caller waiting now and then',
    caughtBy: ['time: no call keeps the caller longer than it may'],
    create: () => {
      let seen = 0;
      const on = (): void => {
        seen += 1;
        if (seen === 2000) block(700);
      };
      return { listener: { name: 'double', on } };
    },
  },
  {
    name: 'keeps every event that it was told of',
    caughtBy: ['keeping: it keeps references to no more events that ended than it may'],
    create: () => {
      const kept: Event[] = [];
      return { listener: { name: 'double', on: (event) => void kept.push(event) } };
    },
  },
  {
    name: 'never settles when it is flushed',
    caughtBy: ['settling: flush settles in time, with nothing to deliver and with much'],
    create: () => ({ listener: { name: 'double', on: () => undefined }, flush: never }),
  },
  {
    name: 'never settles when it is closed',
    caughtBy: ['settling: close settles in time, also the second time'],
    create: () => ({ listener: { name: 'double', on: () => undefined }, close: never }),
  },
  {
    name: 'cannot be closed twice',
    caughtBy: ['settling: close settles in time, also the second time'],
    create: () => {
      let closed = false;
      const close = (): Promise<void> => {
        if (closed) return never();
        closed = true;
        return Promise.resolve();
      };
      return { listener: { name: 'double', on: () => undefined }, close };
    },
  },
  {
    name: 'wants a type that does not exist',
    caughtBy: ['shape: it has a name, something to hear with, and wants only types that exist'],
    create: () => ({ listener: { name: 'double', types: ['lock.aquire' as 'lock.acquire'], on: () => undefined } }),
  },
  {
    name: 'has a blank name',
    caughtBy: ['shape: it has a name, something to hear with, and wants only types that exist'],
    create: () => ({ listener: { name: ' ', on: () => undefined } }),
  },
  {
    name: 'hears nothing',
    caughtBy: ['shape: it has a name, something to hear with, and wants only types that exist'],
    create: () => ({ listener: { name: 'double' } }),
  },
  {
    name: "does not run the caller's code",
    caughtBy: [
      "around: runs the caller's code once, at once, and gives its result",
      "around: passes on what the caller's code throws",
    ],
    create: () => ({ listener: { name: 'double', around: () => undefined as never } }),
  },
  {
    name: "runs the caller's code twice",
    caughtBy: ["around: runs the caller's code once, at once, and gives its result"],
    create: () => ({
      listener: {
        name: 'double',
        around: (_, fn) => {
          fn();
          return fn();
        },
      },
    }),
  },
  {
    name: "swallows what the caller's code throws",
    caughtBy: ["around: passes on what the caller's code throws"],
    create: () => ({
      listener: {
        name: 'double',
        around: (_, fn) => {
          try {
            return fn();
          } catch {
            return undefined as never;
          }
        },
      },
    }),
  },
  {
    name: "wraps the result of the caller's code",
    caughtBy: ["around: runs the caller's code once, at once, and gives its result"],
    create: () => ({
      listener: { name: 'double', around: (_, fn) => Promise.resolve(fn()) as never },
    }),
  },
  {
    name: 'offers what is no trace context',
    caughtBy: ['traceparent: is well-formed or absent, and its asking never fails'],
    create: () => ({ listener: { name: 'double', traceparent: () => 'trace-1' } }),
  },
];

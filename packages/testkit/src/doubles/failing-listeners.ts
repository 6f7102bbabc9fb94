import type { ListenerDouble } from './listener-double.ts';

/** Cases in which events start, do something and end. */
const onEverything: readonly string[] = [
  'no fault: an uncontended possession',
  'no fault: a wait in which the holder changes',
  'no fault: a takeover and a re-entry',
  'no fault: a try that found the lock busy',
  'no fault: a timeout',
  'no fault: an abort',
  'no fault: a deadlock',
  'no fault: a storage that fails',
  'no fault: a lock that is lost',
  'no fault: a release that fails',
  'no fault: payloads that cannot be written as JSON',
  'no fault: names and texts that break formats',
  'no fault: hundreds of names',
  'no fault: everything in the wrong order',
  'settling: to be told something after close is no fault',
];
const onEnds: readonly string[] = [
  'no fault: events beside possessions',
  'no fault: thrown values that are no errors',
  'no fault: numbers that cannot be',
  'no fault: events that end without details',
  'no fault: parents that end before their children',
  'no fault: ends without their starts, as from a queue that dropped some',
];
const onStarts: readonly string[] = [
  'no fault: events beside possessions',
  'no fault: thrown values that are no errors',
  'no fault: numbers that cannot be',
  'no fault: events that end without details',
  'no fault: parents that end before their children',
  'no fault: events that never end',
  'no fault: starts without their ends',
];
const onActions: readonly string[] = [
  'no fault: ends without their starts, as from a queue that dropped some',
  'no fault: starts without their ends',
];

function failing(): never {
  throw new Error('a defect of the double');
}

export const failingListeners: readonly ListenerDouble[] = [
  {
    name: 'throws when an event ends',
    caughtBy: [...onEverything, ...onEnds],
    create: () => ({ listener: { name: 'double', on: failing } }),
  },
  {
    name: 'throws when an event starts',
    caughtBy: [...onEverything, ...onStarts],
    create: () => ({ listener: { name: 'double', onStart: failing } }),
  },
  {
    name: 'throws on an action',
    caughtBy: [...onEverything, ...onActions],
    create: () => ({ listener: { name: 'double', onAction: failing } }),
  },
  {
    name: 'rejects',
    caughtBy: [...onEverything, ...onEnds],
    create: () => ({ listener: { name: 'double', on: () => Promise.reject(new Error('a defect of the double')) } }),
  },
  {
    name: 'leaves a rejection that nobody handles',
    caughtBy: [...onEverything, ...onEnds],
    create: () => ({
      listener: { name: 'double', on: () => void Promise.reject(new Error('a defect of the double')) },
    }),
  },
  {
    name: 'throws on a loss only',
    caughtBy: [
      'no fault: a lock that is lost',
      'no fault: events that end without details',
      'no fault: ends without their starts, as from a queue that dropped some',
      'no fault: everything in the wrong order',
      'settling: to be told something after close is no fault',
    ],
    create: () => ({ listener: { name: 'double', types: ['lease.lost'], on: failing } }),
  },
  {
    name: 'throws when it is told of the fault of another',
    caughtBy: ['no fault: it is told of the fault of another listener'],
    create: () => ({ listener: { name: 'double', onFault: failing } }),
  },
  {
    name: 'needs every end to have had a start',
    caughtBy: [
      'no fault: ends without their starts, as from a queue that dropped some',
      'no fault: everything in the wrong order',
    ],
    create: () => {
      const started = new Map<string, { readonly at: number }>();
      return {
        listener: {
          name: 'double',
          onStart: ({ id, startedAt }) => void started.set(id, { at: startedAt }),
          on({ id }) {
            if (!started.delete(id)) failing();
          },
        },
      };
    },
  },
  {
    name: 'writes whatever it is told as JSON',
    caughtBy: ['no fault: payloads that cannot be written as JSON'],
    create: () => ({ listener: { name: 'double', on: ({ details }) => void JSON.stringify(details) } }),
  },
  {
    name: 'needs details',
    caughtBy: ['no fault: events that end without details', 'no fault: parents that end before their children'],
    create: () => ({
      listener: {
        name: 'double',
        types: ['lock.acquire'],
        on: (event) => void (event.details as { waitMs: number }).waitMs,
      },
    }),
  },
  {
    name: 'writes on events',
    caughtBy: [...onEverything, ...onEnds],
    create: () => ({
      listener: {
        name: 'double',
        on: (event) => void ((event as { lockName: string }).lockName = 'mine'),
      },
    }),
  },
  {
    name: 'throws when it is told something after close',
    caughtBy: ['settling: to be told something after close is no fault'],
    create: () => {
      let closed = false;
      const on = (): void => void (closed && failing());
      return { listener: { name: 'double', on }, close: () => (closed = true) };
    },
  },
];

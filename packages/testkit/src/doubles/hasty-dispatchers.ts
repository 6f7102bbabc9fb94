import type { Dispatcher, TopicHandler } from '@lockscope/delivery';

import { type DispatcherDouble, spoiled, withHandlers } from './dispatcher-double.ts';

/** Dispatchers with a wrong idea of time, of turns and of an end. */
export const hastyDispatchers: readonly DispatcherDouble[] = [
  {
    name: 'looks for what is due every two seconds',
    caughtBy: [
      'delay: an event is held back as long as it says, and not much longer',
      'delay: what is due first comes first, whenever it was dispatched',
    ],
    create: (demands) =>
      spoiled(demands, (good) => ({
        dispatch: (topic, event, options = {}) => {
          const { at, delayMs, ...others } = options;
          const waits = (at === undefined) !== (delayMs === undefined) && (delayMs ?? 1) > 0;
          return good.dispatch(topic, event, waits ? { ...others, delayMs: 2_000 } : options);
        },
      })),
  },
  {
    name: 'holds nothing back',
    caughtBy: [
      'delay: an event is held back as long as it says, and not much longer',
      'delay: what is due first comes first, whenever it was dispatched',
      'close: what is delayed is given up and told, or kept for the next process',
    ],
    create: (demands) =>
      spoiled(demands, (good) => ({
        dispatch: (topic, event, options = {}) => {
          const { at, delayMs, ...others } = options;
          const waits = (at === undefined) !== (delayMs === undefined) && (delayMs ?? 1) > 0;
          return good.dispatch(topic, event, waits ? others : options);
        },
      })),
  },
  {
    name: 'runs one attempt more than it may',
    caughtBy: [
      'parallel: so many attempts of a topic run at once, and never more',
      'parallel: a topic that is stuck delays no other',
    ],
    create: ({ parallel = 200, ...demands }) => spoiled({ ...demands, parallel: parallel + 1 }, () => ({})),
  },
  {
    name: 'has one line for all topics',
    caughtBy: ['parallel: a topic that is stuck delays no other'],
    create: (demands) => {
      let free = demands.parallel ?? 200;
      const waiting: (() => void)[] = [];
      return withHandlers(demands, (handler) => async (event, context) => {
        if (free > 0) free -= 1;
        else await new Promise<void>((resolve) => waiting.push(resolve));
        try {
          await handler(event, context);
        } finally {
          const next = waiting.shift();
          if (next === undefined) free += 1;
          else next();
        }
      });
    },
  },
  {
    name: 'tells no handler that its time is over',
    caughtBy: [
      'limit: the signal aborts at the limit, and the attempt counts as failed',
      'close: a handler that never ends delays it only to the deadline, and learns of it by its signal',
    ],
    create: (demands) =>
      withHandlers(
        demands,
        (handler) =>
          (event, { id, topic, attempt, repeated }) =>
            handler(event, { id, topic, attempt, repeated, signal: new AbortController().signal }),
      ),
  },
  {
    name: 'begins the next attempt at the limit',
    caughtBy: ['limit: the next attempt begins when the one before has really ended'],
    create: (demands) =>
      withHandlers(demands, (handler, { timeLimitMs }) => {
        if (timeLimitMs === undefined) return handler;
        return async (event, context) => {
          const limit = new Promise<never>((_, reject) => {
            context.signal.addEventListener('abort', () => reject(new Error('late')), { once: true });
          });
          await Promise.race([handler(event, context), limit]);
        };
      }),
  },
  {
    name: 'tries all handlers of a topic again when one failed',
    caughtBy: [
      'retry: only the handler that failed has the event again, with the number of its attempt',
      'dead: retryDead gives a letter to its handler again, with all attempts anew',
    ],
    create: (demands) => {
      const all: { readonly topic: string; readonly handler: TopicHandler<unknown> }[] = [];
      return withHandlers(demands, (handler, _, topic) => {
        all.push({ topic, handler });
        return async (event, context) => {
          try {
            await handler(event, context);
          } catch (error) {
            for (const other of all)
              if (other.topic === topic && other.handler !== handler) await other.handler(event, context);
            throw error;
          }
        };
      });
    },
  },
  {
    name: 'makes one attempt too few',
    caughtBy: ['retry: without a policy there are four attempts in all'],
    create: (demands) =>
      spoiled(demands, (good) => ({
        register: (topic, handler, options = {}) =>
          good.register(topic, handler, { ...options, retry: { maxAttempts: 3, ...options.retry } }),
      })),
  },
  {
    name: 'does not wait between attempts',
    caughtBy: ['retry: the next attempt waits as long as the policy says'],
    create: (demands) =>
      spoiled(demands, (good) => ({
        register: (topic, handler, options = {}) =>
          good.register(topic, handler, { ...options, retry: { ...options.retry, delayMs: () => 0 } }),
      })),
  },
  {
    name: 'takes events when it is closed',
    caughtBy: ['close: nothing is taken from that moment on'],
    create: (demands) =>
      spoiled(demands, (good) => ({
        dispatch: (topic, event, options) =>
          good.dispatch(topic, event, options).catch((error: unknown) => {
            if ((error as { readonly code?: string }).code !== 'DISPATCHER_CLOSED') throw error;
            return 'gone';
          }),
      })),
  },
  {
    name: 'closes without finishing what is due',
    caughtBy: [
      'close: what is due is finished, further attempts included, and all who close have the same end',
      'close: a handler that never ends delays it only to the deadline, and learns of it by its signal',
    ],
    create: (demands) => spoiled(demands, (good) => ({ close: () => good.close({ drain: 'none' }) })),
  },
  {
    name: 'waits for its handlers, whatever the deadline',
    caughtBy: ['close: a handler that never ends delays it only to the deadline, and learns of it by its signal'],
    create: (demands) =>
      spoiled(demands, (good) => ({ close: ({ drain } = {}) => good.close({ drain, signal: undefined }) })),
  },
  {
    name: 'says that it gave nothing up',
    caughtBy: [
      'close: what is delayed is given up and told, or kept for the next process',
      'close: a handler that never ends delays it only to the deadline, and learns of it by its signal',
    ],
    create: (demands) =>
      spoiled(demands, (good) => ({
        close: async (options) => {
          await good.close(options);
          return { undelivered: 0 };
        },
      })),
  },
  {
    name: 'waits, in a handler, for the handler to end',
    caughtBy: [
      'close: nothing is taken from that moment on',
      'close: a handler may close the dispatcher that it runs in',
    ],
    create: (demands) => {
      let closing: ReturnType<Dispatcher['close']> | undefined;
      return spoiled(demands, (good) => ({
        register: (topic, handler, options) =>
          good.register(
            topic,
            typeof handler === 'function'
              ? async (event, context) => {
                  const before = closing;
                  await handler(event, context);
                  if (before === undefined) await closing;
                }
              : handler,
            options,
          ),
        close: (options) => (closing = good.close(options)),
      }));
    },
  },
];

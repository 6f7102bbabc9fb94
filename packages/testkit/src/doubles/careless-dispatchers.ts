import { type DispatcherDouble, spoiled, withHandlers } from './dispatcher-double.ts';

/** Dispatchers that lose, mix up or take what they should not. */
export const carelessDispatchers: readonly DispatcherDouble[] = [
  {
    name: 'tells no handler the id of its event',
    caughtBy: [
      'dispatch: the handler gets the event, its id and its topic',
      'register: a removal takes out exactly its handler, once',
      'retry: only the handler that failed has the event again, with the number of its attempt',
    ],
    create: (demands) =>
      withHandlers(
        demands,
        (handler) =>
          (event, { topic, attempt, repeated, signal }) =>
            handler(event, { id: 'none', topic, attempt, repeated, signal }),
      ),
  },
  {
    name: 'knows one handler of a topic',
    caughtBy: [
      'dispatch: every handler of the topic gets it, those of another do not',
      'register: a removal takes out exactly its handler, once',
      'retry: only the handler that failed has the event again, with the number of its attempt',
      'dead: retryDead gives a letter to its handler again, with all attempts anew',
    ],
    create: (demands) => {
      const known = new Set<string>();
      return withHandlers(demands, (handler, _, topic) => {
        if (known.has(topic)) return () => undefined;
        known.add(topic);
        return handler;
      });
    },
  },
  {
    name: 'loses one event in a hundred',
    caughtBy: [
      'dispatch: many at once are handled, each of them once',
      'queue: at the limit an event is refused, however many come at once, and taken when there is room again',
    ],
    create: (demands) =>
      spoiled(demands, (good) => {
        let n = 0;
        return {
          dispatch: async (topic, event, options) =>
            (n += 1) % 100 === 0 ? `lost-${n}` : good.dispatch(topic, event, options),
        };
      }),
  },
  {
    name: 'hands out what JSON makes of an event',
    caughtBy: [
      'dispatch: dates, big integers and keys such as __proto__ arrive as they are',
      'dead: an event that fails for good is found with its errors, and told once',
    ],
    create: (demands) =>
      spoiled(demands, (good) => ({
        dispatch: async (topic, event, options) => {
          const text = JSON.stringify(event, (_, value: unknown) =>
            typeof value === 'bigint' ? Number(value) : value,
          );
          return good.dispatch(topic, event === undefined ? event : JSON.parse(text), options);
        },
      })),
  },
  {
    name: 'does not know an id again',
    caughtBy: ['dispatch: the same event with the same id is taken once while it waits, another one is refused'],
    create: (demands) =>
      spoiled(demands, (good) => ({
        dispatch: async (topic, event, options = {}) => {
          const { id, ...others } = options;
          const own = await good.dispatch(topic, event, others);
          return id ?? own;
        },
      })),
  },
  {
    name: 'takes what it can do nothing with',
    caughtBy: ['dispatch: what cannot be taken is refused with its reason'],
    create: (demands) =>
      spoiled(demands, (good) => ({
        dispatch: (topic, event, options) =>
          good.dispatch(topic, event, options).catch((error: unknown) => {
            if ((error as { readonly code?: string }).code !== 'NO_HANDLER_FOUND') throw error;
            return 'gone';
          }),
      })),
  },
  {
    name: 'takes all handlers of a topic out when one leaves',
    caughtBy: ['register: a removal takes out exactly its handler, once'],
    create: (demands) =>
      spoiled(demands, (good) => {
        const removals: (() => void)[] = [];
        return {
          register: (topic, handler, options) => {
            removals.push(good.register(topic, handler, options));
            const all = (): void => {
              for (const remove of removals) remove();
            };
            return Object.assign(all, { [Symbol.dispose]: all });
          },
        };
      }),
  },
  {
    name: 'takes two handlers of one name',
    caughtBy: ['register: a second handler of a name is refused, as is what cannot be run'],
    create: (demands) =>
      spoiled(demands, (good) => {
        const known = new Set<string>();
        return {
          register: (topic, handler, options = {}) => {
            const again = known.has(`${topic} ${options.name}`);
            known.add(`${topic} ${options.name}`);
            const name = again ? `${options.name}-again` : options.name;
            return good.register(topic, handler, { ...options, name });
          },
        };
      }),
  },
  {
    name: 'takes one event more than its limit',
    caughtBy: [
      'queue: at the limit an event is refused, however many come at once, and taken when there is room again',
    ],
    create: ({ maxQueued = 2_000, ...demands }) => spoiled({ ...demands, maxQueued: maxQueued + 1 }, () => ({})),
  },
  {
    name: 'drops what failed for good',
    caughtBy: [
      'dead: an event that fails for good is found with its errors, and told once',
      'dead: retryDead gives a letter to its handler again, with all attempts anew',
    ],
    create: (demands) => spoiled(demands, () => ({ deadLetters: async () => [] })),
  },
  {
    name: 'tells nobody what died',
    caughtBy: [
      'limit: the signal aborts at the limit, and the attempt counts as failed',
      'retry: without a policy there are four attempts in all',
      'retry: the next attempt waits as long as the policy says',
      'dead: an event that fails for good is found with its errors, and told once',
      'hooks: what they throw or reject harms nothing, and is counted',
    ],
    create: (demands) => spoiled({ ...demands, onDead: () => undefined }, () => ({})),
  },
  {
    name: 'gives back all dead letters, whichever are meant',
    caughtBy: ['dead: retryDead gives a letter to its handler again, with all attempts anew'],
    create: (demands) => spoiled(demands, (good) => ({ retryDead: () => good.retryDead() })),
  },
  {
    name: 'counts what failed as handled',
    caughtBy: [
      'limit: the signal aborts at the limit, and the attempt counts as failed',
      'counters: what was taken, tried, handled, failed and died adds up',
    ],
    create: (demands) =>
      spoiled(demands, (good) => ({
        counters: () => {
          const counters = good.counters();
          return { ...counters, handled: counters.handled + counters.failed, failed: 0 };
        },
      })),
  },
  {
    name: 'counts no fault of a hook',
    caughtBy: ['hooks: what they throw or reject harms nothing, and is counted'],
    create: (demands) => spoiled(demands, (good) => ({ counters: () => ({ ...good.counters(), hookFaults: 0 }) })),
  },
];

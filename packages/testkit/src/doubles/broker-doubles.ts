import { memoryBroker, type Broker, type DeliveryHandler, type SubscribeOptions } from '@lockscope/delivery';

import type { BrokerDouble } from './broker-double.ts';

type Changes = (good: Broker) => Partial<Broker>;

/** A good broker with some of its methods replaced. */
function changed(changes: Changes): BrokerDouble['create'] {
  return () => {
    const good = memoryBroker();
    const made = changes(good);
    const broker = new Proxy(good, {
      get: (target, name) => {
        const value: unknown = Reflect.get(made, name) ?? Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    return { broker };
  };
}

/** A broker that hands things over in another way. */
function subscribing(
  change: (handler: DeliveryHandler, options: SubscribeOptions) => readonly [DeliveryHandler, SubscribeOptions],
): BrokerDouble['create'] {
  return changed((good) => ({
    subscribe: (subject, handler, options = {}) => good.subscribe(subject, ...change(handler, options)),
  }));
}

const both = (what: (way: string) => string): string[] => ['a subscription', 'a group'].map(what);
const again = both(
  (way) => `failing: ${way} gets an event again whose handler rejected, and what is behind it meanwhile`,
);
const putAway = both((way) => `failing: ${way} does not lose a dead event that onDead could not put away`);
const toldDead = both(
  (way) => `failing: ${way} is told of a dead event once, with its error, and does not get it again`,
);
const tooLong = both((way) => `failing: for ${way} a handler that takes too long has failed, and its signal says so`);
const hooks = both((way) => `failing: for ${way} hooks that throw or reject harm nothing`);
const asItWas = 'publishing: a subscriber gets the subject, the body, the headers and the id, as they were';
const optionsRefused = 'subscribing: options that cannot work are refused, all at once';

/** Brokers with one defect each. The contract is believed only because it fails them. */
export const brokerDoubles: readonly BrokerDouble[] = Object.freeze([
  {
    name: 'takes a failure for a success',
    caughtBy: [...again, ...putAway, ...toldDead, ...tooLong, ...hooks, optionsRefused],
    create: subscribing((handler, options) => [
      async (delivery) => {
        // As long as the handler takes, but never longer than its limit, whatever comes of it.
        const late = new Promise((resolve) => delivery.signal.addEventListener('abort', resolve));
        await Promise.race([Promise.resolve(delivery).then(handler), late]).catch(() => undefined);
      },
      { ...options, timeoutMs: 1_000_000 },
    ]),
  },
  {
    name: 'forgets who wanted to know of dead events',
    caughtBy: [...putAway, ...toldDead],
    create: subscribing((handler, options) => [handler, { ...options, onDead: undefined }]),
  },
  {
    name: 'handles more at a time than was said',
    caughtBy: [
      'subscribing: so many are handled at a time as was said, and no more',
      'closing: a subscription waits for the handler that runs, and all who close get the same end',
    ],
    create: subscribing((handler, options) => [handler, { ...options, concurrency: (options.concurrency ?? 1) * 10 }]),
  },
  {
    name: 'does not limit handlers',
    caughtBy: tooLong,
    create: subscribing((handler, options) => [handler, { ...options, timeoutMs: 1_000_000 }]),
  },
  {
    name: 'gives what takes long to another',
    caughtBy: [
      'groups: an event whose handler takes longer than ackWaitMs is not given to another while its process lives',
    ],
    create: subscribing((handler, options) => [
      handler,
      options.ackWaitMs === 400 ? { ...options, timeoutMs: 40 } : options,
    ]),
  },
  {
    name: 'gives every member of a group everything',
    caughtBy: [
      'groups: each event goes to one member, and every member gets some',
      'groups: what was handled and what was not is remembered while no member is there',
      'groups: what a member had not handled when it was closed, another gets',
      optionsRefused,
    ],
    create: subscribing((handler, options) => [handler, { ...options, group: undefined }]),
  },
  {
    name: 'begins at the start, whatever was asked for',
    caughtBy: [
      'subscribing: two who subscribe each get every event, from now on',
      'subscribing: from the start it gets what there is, and after a position what came behind it',
      'groups: one that begins at the start gets what was published before there was one',
      optionsRefused,
    ],
    create: subscribing((handler, options) => [handler, { ...options, from: 'start' }]),
  },
  {
    name: 'takes `*` for any number of words',
    caughtBy: ['subscribing: a pattern gets the subjects that fit it, and no others'],
    create: changed((good) => ({
      subscribe: (subject, handler, options) => good.subscribe(subject.replace(/\.\*$/, '.>'), handler, options),
    })),
  },
  {
    name: 'loses headers',
    caughtBy: [asItWas],
    create: changed((good) => ({
      publish: async (subject, body, options = {}) => {
        const published = { ...options };
        // Those that are not allowed are still refused.
        if (options.headers?.['traceparent'] !== undefined) published.headers = {};
        return good.publish(subject, body, published);
      },
    })),
  },
  {
    name: 'takes an event twice',
    caughtBy: ['publishing: a second event with the id of the first is taken or not, as the broker states'],
    create: changed((good) => ({
      publish: (subject, body, options = {}) =>
        good.publish(subject, body, options.id === 'one' ? { ...options, id: undefined } : options),
    })),
  },
  {
    name: 'hands events over in another order',
    caughtBy: ['subscribing: a thousand events come in the order in which they were published'],
    create: changed((good) => {
      let held: (() => void) | undefined;
      return {
        publish: async (subject, body, options) => {
          if (new TextDecoder().decode(body) === '500') await new Promise<void>((resolve) => (held = resolve));
          const published = good.publish(subject, body, options);
          if (held !== undefined && new TextDecoder().decode(body) === '600') held();
          return published;
        },
      };
    }),
  },
  {
    name: 'keeps the body of whoever published it',
    caughtBy: ['publishing: a body can be changed afterwards, and nobody notices'],
    create: changed((good) => ({
      publish: async (subject, body, options) => {
        await Promise.resolve();
        return good.publish(subject, body, options);
      },
    })),
  },
  {
    name: 'takes what no broker takes',
    caughtBy: ['publishing: what no broker takes is refused, with all that is wrong, and nobody hears of it'],
    create: changed((good) => ({
      publish: (subject, body, options) => good.publish(subject === 'a..b' ? 'a.b' : subject, body, options),
    })),
  },
  {
    name: 'cuts long bodies',
    caughtBy: ['publishing: the longest body that the broker states arrives whole'],
    create: changed((good) => ({
      publish: (subject, body, options) =>
        good.publish(subject, body.byteLength === 1_000_000 ? body.subarray(1) : body, options),
    })),
  },
  {
    name: 'publishes what was given up before',
    caughtBy: ['publishing: a signal that has aborted publishes nothing'],
    create: changed((good) => ({
      publish: (subject, body, options) => good.publish(subject, body, { ...options, signal: undefined }),
    })),
  },
  {
    name: 'settles nothing when it is flushed',
    caughtBy: ['publishing: after a flush, whatever was published before is settled'],
    create: changed(() => ({ flush: () => new Promise(() => undefined) })),
  },
  {
    name: 'does not hear the signal of a subscription',
    caughtBy: ['closing: a signal that aborts closes the subscription, also one that had aborted before'],
    create: changed((good) => ({
      subscribe: (subject, handler, options = {}) => {
        const subscription = good.subscribe(subject, handler, { ...options, signal: undefined });
        if (options.signal === undefined) return subscription;
        return { ...subscription, stats: subscription.stats, close: () => Promise.resolve({ undelivered: 0 }) };
      },
    })),
  },
  {
    name: 'does not wait for its deadline when it is closed',
    caughtBy: ['closing: at its deadline it gives up what runs, tells the handler, and counts it'],
    create: changed((good) => ({
      subscribe: (subject, handler, options) => {
        const subscription = good.subscribe(subject, handler, options);
        const close: typeof subscription.close = async (given) =>
          given?.signal?.aborted === false ? { undelivered: 0 } : subscription.close(given);
        return Object.assign(Object.create(subscription) as typeof subscription, { close });
      },
    })),
  },
  {
    name: 'goes on when it is closed',
    caughtBy: ['closing: a broker closes its subscriptions, and then refuses everything'],
    create: changed(() => ({ close: () => Promise.resolve({ undelivered: 0 }) })),
  },
  {
    name: 'mixes answers up',
    caughtBy: ['requests: the answer reaches who asked, or the broker says that it has no requests'],
    create: changed((good) => {
      let last: ReturnType<Broker['request']> | undefined;
      return {
        request: (subject, body, options) => {
          if (subject === 'sum.up' && last !== undefined) return last;
          return (last = good.request(subject, body, options));
        },
      };
    }),
  },
  {
    name: 'says the same of all requests that fail',
    caughtBy: ['requests: nobody there, nobody in time and a responder that fails are three errors'],
    create: changed((good) => ({
      request: (subject, body, options) =>
        good.request(subject, body, options).catch((error: { code?: unknown }) => {
          throw error.code === 'BROKER_CLOSED' || error.code === 'EVENT_REFUSED' ? error : new Error('it failed');
        }),
    })),
  },
  {
    name: 'refuses no options',
    caughtBy: [optionsRefused],
    create: changed((good) => ({
      subscribe: (subject, handler, options) =>
        good.subscribe(subject, handler, { ...options, concurrency: options?.concurrency || 1 }),
    })),
  },
]);

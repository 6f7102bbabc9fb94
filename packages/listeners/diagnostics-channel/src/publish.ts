import type { Channel } from 'node:diagnostics_channel';
import type { AsyncLocalStorage } from 'node:async_hooks';

type Subscriber = (message: unknown, name: string | symbol) => unknown;
type Transform = ((message: unknown) => unknown) | undefined;
/** A map of Node's own, which is no `Map` to us. */
type Stores = Pick<ReadonlyMap<AsyncLocalStorage<unknown>, Transform>, 'forEach'>;

/** What an active channel of Node keeps; read because `publish` makes an uncaught exception of a subscriber's fault. */
interface Inside {
  readonly name: string | symbol;
  readonly _subscribers?: readonly Subscriber[];
  readonly _stores?: Stores;
}

/**
 * Tells every subscriber, whatever the others do. Node's own `publish` makes an uncaught exception of what a subscriber
 * throws, which ends the process: here it is thrown on, once all were told, to whoever counts faults. Gives a promise
 * when a subscriber did. Where Node keeps its subscribers differently, its own `publish` is used.
 *
 * @throws what a subscriber threw; an `AggregateError` when several did.
 */
export function publish(channel: Channel, message: unknown): Promise<void> | undefined {
  const { name, _subscribers: subscribers } = channel as unknown as Inside;
  if (!Array.isArray(subscribers)) {
    if (channel.hasSubscribers) channel.publish(message);
    return undefined;
  }
  const faults: unknown[] = [];
  const given: unknown[] = [];
  // A copy: a subscriber may leave while it is told.
  for (const subscriber of Array.from(subscribers as readonly Subscriber[])) {
    try {
      const value = subscriber(message, name);
      if (value instanceof Promise) given.push(value);
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 1) throw new AggregateError(faults, `${faults.length} subscribers of ${String(name)} failed`);
  if (faults.length === 1) throw faults[0];
  return given.length > 0 ? Promise.all(given).then(() => undefined) : undefined;
}

/**
 * Runs `fn` in the async contexts that were bound to the channel with `bindStore`; a store whose transform throws is left
 * out, and told to `failed`.
 */
export function runStores<T>(channel: Channel, message: unknown, fn: () => T, failed: (error: unknown) => void): T {
  const { _stores: stores } = channel as unknown as Inside;
  let run = fn;
  stores?.forEach((transform, store) => {
    const next = run;
    run = () => {
      let value = message;
      try {
        if (transform !== undefined) value = transform(message);
      } catch (error) {
        failed(error);
        return next();
      }
      return store.run(value, next);
    };
  });
  return run();
}

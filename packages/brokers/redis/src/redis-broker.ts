import { InvalidOptionsError } from '@lockscope/core';
import {
  BrokerCapabilityError,
  BrokerClosedError,
  checkPublished,
  checkSubscription,
  openSubscription,
  type Broker,
  type BrokerCapabilities,
  type Closed,
  type CloseOptions,
  type DeliveryHandler,
  type Published,
  type PublishOptions,
  type Reply,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionParts,
} from '@lockscope/delivery';
import { abortable } from './abortable.ts';
import { fieldsOf } from './entries.ts';
import { Reader } from './reader.ts';
import { checkOptions, type CheckedOptions, type RedisBrokerOptions } from './redis-broker-options.ts';
import { publish } from './scripts.ts';
import { Session } from './session.ts';

/**
 * A broker on Redis Streams: all events are in one stream, a group is a consumer group. Made at once; the connection on
 * first use, and one more for each subscription. There are no requests.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong.
 */
export function redisBroker(options: RedisBrokerOptions): Broker {
  return new RedisBroker(checkOptions(options));
}

class RedisBroker implements Broker {
  readonly name = 'redis';
  readonly capabilities: BrokerCapabilities;
  readonly #options: CheckedOptions;
  readonly #session: Session;
  readonly #publishing = new Set<Promise<unknown>>();
  /** Of the subscriptions that are open. */
  readonly #closers = new Set<SubscriptionParts['close']>();
  #closing: Promise<Closed> | undefined;

  constructor(options: CheckedOptions) {
    this.#options = options;
    this.#session = new Session(options);
    const { deduplicatesMs, maxBodyBytes } = options;
    const fixed = { reach: 'network', durable: true, requests: false } as const;
    this.capabilities = Object.freeze({ ...fixed, deduplicatesMs, maxBodyBytes });
  }

  async publish(subject: string, body: Uint8Array, options: PublishOptions = {}): Promise<Published> {
    this.#check();
    options.signal?.throwIfAborted();
    checkPublished(subject, body, options, this.capabilities.maxBodyBytes);
    const publishing = this.#publish(fieldsOf(subject, body, options.headers, options.id), options.id);
    this.#publishing.add(publishing);
    // Who gives up waiting does not end it.
    const settled = (): void => void this.#publishing.delete(publishing);
    publishing.then(settled, settled);
    return abortable(publishing, options.signal);
  }

  subscribe(subject: string, handler: DeliveryHandler, options?: SubscribeOptions): Subscription {
    const checked = checkSubscription(subject, handler, options);
    const { from } = checked;
    if (typeof from === 'object' && !/^\d{1,19}-\d{1,19}$/.test(from.after))
      throw new InvalidOptionsError(['from must be a position of this broker']);
    this.#check();
    const reader = new Reader(this.#session, subject, handler, checked);
    const close = (closeOptions?: CloseOptions): Promise<Closed> => reader.close(closeOptions);
    this.#closers.add(close);
    return openSubscription({
      subject,
      signal: checked.signal,
      ready: reader.ready,
      stats: () => reader.deliveries.stats,
      close,
      closing: () => void this.#closers.delete(close),
    });
  }

  request(): Promise<Reply> {
    const closed = this.#closing !== undefined;
    return Promise.reject(closed ? new BrokerClosedError(this.name) : new BrokerCapabilityError(this.name, 'requests'));
  }

  respond(): Subscription {
    this.#check();
    throw new BrokerCapabilityError(this.name, 'requests');
  }

  async flush(): Promise<void> {
    await Promise.allSettled(this.#publishing);
  }

  close(options: CloseOptions = {}): Promise<Closed> {
    const closings = [...this.#closers].map((close) => close(options));
    this.#closing ??= this.#end(closings, options);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #end(closings: readonly Promise<Closed>[], { signal }: CloseOptions): Promise<Closed> {
    const all = await Promise.all(closings);
    // What is under way ends by itself, at the latest after its time is over.
    await abortable(this.flush(), signal).catch(() => undefined);
    await this.#session.close();
    return Object.freeze({ undelivered: all.reduce((sum, { undelivered }) => sum + undelivered, 0) });
  }

  async #publish(fields: (string | Buffer)[], id: string | undefined): Promise<Published> {
    const { maxEvents, deduplicatesMs, prefix } = this.#options;
    const { stream } = this.#session;
    try {
      if (id === undefined || deduplicatesMs === 0) {
        const at = await this.#session.command('XADD', stream, 'MAXLEN', '~', String(maxEvents), '*', ...fields);
        return { position: String(at), duplicate: false };
      }
      const args = [String(maxEvents), String(deduplicatesMs), ...fields];
      const reply = (await this.#session.run(publish, [stream, `${prefix}:id:${id}`], args)) as unknown[];
      return { position: String(reply[0]), duplicate: Number(reply[1]) === 1 };
    } catch (error) {
      throw this.#session.failure('publish', error);
    }
  }

  #check(): void {
    if (this.#closing !== undefined) throw new BrokerClosedError(this.name);
  }
}

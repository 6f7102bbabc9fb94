import { headers as natsHeaders, type MsgHdrs } from '@nats-io/transport-node';
import { InvalidOptionsError } from '@lockscope/core';
import {
  BrokerClosedError,
  checkPublished,
  checkSubscription,
  Deliveries,
  openSubscription,
  type Broker,
  type BrokerCapabilities,
  type Closed,
  type CloseOptions,
  type DeliveryHandler,
  type Published,
  type PublishOptions,
  type Reply,
  type BrokerRequestOptions,
  type Responder,
  type RespondOptions,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionParts,
} from '@lockscope/delivery';
import { checkOptions, type CheckedOptions, type NatsBrokerOptions } from './nats-broker-options.ts';
import { Reader } from './reader.ts';
import { abortable, ask, RequestServer } from './requests.ts';
import { Session } from './session.ts';

/**
 * A broker on NATS: events are in a stream of JetStream, a group is a durable consumer, requests go the direct way. Made
 * at once; the connection and the stream on first use.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong.
 */
export function natsBroker(options: NatsBrokerOptions = {}): Broker {
  return new NatsBroker(checkOptions(options));
}

class NatsBroker implements Broker {
  readonly name = 'nats';
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
    this.capabilities = Object.freeze({
      reach: 'network',
      durable: options.store === 'file',
      deduplicatesMs: options.deduplicatesMs,
      requests: true,
      maxBodyBytes: options.maxBodyBytes,
    });
  }

  async publish(subject: string, body: Uint8Array, options: PublishOptions = {}): Promise<Published> {
    const { headers, id, signal } = options;
    this.#check();
    signal?.throwIfAborted();
    checkPublished(subject, body, options, this.capabilities.maxBodyBytes);
    const publishing = this.#publish(subject, body.slice(), headers, id);
    this.#publishing.add(publishing);
    // Who gives up waiting does not end it.
    const settled = (): void => void this.#publishing.delete(publishing);
    publishing.then(settled, settled);
    return abortable(publishing, signal);
  }

  subscribe(subject: string, handler: DeliveryHandler, options?: SubscribeOptions): Subscription {
    const checked = checkSubscription(subject, handler, options);
    const { from } = checked;
    if (typeof from === 'object' && !/^(?:0|[1-9]\d{0,15})$/.test(from.after))
      throw new InvalidOptionsError(['from must be a position of this broker']);
    this.#check();
    const reader = new Reader(this.#session, subject, handler, checked);
    return this.#keep({
      subject,
      signal: checked.signal,
      ready: reader.ready,
      stats: () => reader.deliveries.stats,
      close: (closeOptions) => reader.close(closeOptions),
    });
  }

  async request(subject: string, body: Uint8Array, options: BrokerRequestOptions = {}): Promise<Reply> {
    this.#check();
    options.signal?.throwIfAborted();
    checkPublished(subject, body, { headers: options.headers }, this.capabilities.maxBodyBytes);
    return ask(this.#session, subject, body, options);
  }

  respond(subject: string, handler: Responder, options: RespondOptions = {}): Subscription {
    const checked = checkSubscription(subject, handler, { ...options, concurrency: options.concurrency ?? 100 });
    this.#check();
    const counter = new Deliveries(
      () => undefined,
      checked,
      () => undefined,
    );
    const { concurrency } = checked;
    const server = new RequestServer(this.#session, subject, { handler, concurrency, fault: (e) => counter.fault(e) });
    return this.#keep({
      subject,
      signal: checked.signal,
      ready: server.ready,
      stats: () => counter.stats,
      close: async (closeOptions) => {
        await server.close();
        return counter.close(closeOptions);
      },
    });
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
    // What is under way ends by itself, at the latest after timeoutMs.
    await abortable(this.flush(), signal).catch(() => undefined);
    await this.#session.close();
    return Object.freeze({ undelivered: all.reduce((sum, { undelivered }) => sum + undelivered, 0) });
  }

  #publish(
    subject: string,
    body: Uint8Array,
    headers: Readonly<Record<string, string>> | undefined,
    id: string | undefined,
  ): Promise<Published> {
    const { prefix, timeoutMs } = this.#options;
    return this.#session.call('publish', async ({ client }) => {
      const options = { timeout: timeoutMs, ...(id !== undefined && { msgID: id }), ...toHeaders(headers) };
      // The server leaves it out when it is none.
      const ack: { seq: number; duplicate?: boolean } = await client.publish(`${prefix}.${subject}`, body, options);
      return { position: String(ack.seq), duplicate: ack.duplicate ?? false };
    });
  }

  #keep(parts: Omit<SubscriptionParts, 'closing'>): Subscription {
    this.#closers.add(parts.close);
    return openSubscription({ ...parts, closing: () => void this.#closers.delete(parts.close) });
  }

  #check(): void {
    if (this.#closing !== undefined) throw new BrokerClosedError(this.name);
  }
}

function toHeaders(headers: Readonly<Record<string, string>> | undefined): { readonly headers?: MsgHdrs } {
  if (headers === undefined) return {};
  const sent = natsHeaders();
  for (const [name, value] of Object.entries(headers)) sent.set(name, value);
  return { headers: sent };
}

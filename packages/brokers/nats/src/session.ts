import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { BrokerClosedError, BrokerRefusedError, type DeliveryError } from '@lockscope/delivery';
import { failureOf, isNameInUse, isNobodyThere, isNoStream } from './failure.ts';
import { Link, LinkDownError } from './link.ts';
import type { CheckedOptions } from './nats-broker-options.ts';

/** A connection with a stream that is there. */
export interface Open {
  readonly link: Link;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
}

/** The connection and the stream: opened by the first who needs them, looked for again when they are gone. */
export class Session {
  readonly options: CheckedOptions;
  /** Told when the connection breaks. */
  readonly breaks: Set<() => void> = new Set();
  #link: Link | undefined;
  #connecting: Promise<Link> | undefined;
  #opening: Promise<Open> | undefined;
  #open: Open | undefined;
  #closed = false;

  constructor(options: CheckedOptions) {
    this.options = options;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  /** Runs a call to the server; whatever goes wrong is an error that says what to do. */
  async call<T>(operation: string, work: (open: Open) => Promise<T>): Promise<T> {
    if (this.#closed) throw new BrokerClosedError('nats');
    try {
      const open = await this.opened();
      return await open.link.call(() => work(open));
    } catch (error) {
      throw this.failure(operation, error);
    }
  }

  failure(operation: string, error: unknown): DeliveryError {
    if (this.#closed) return new BrokerClosedError('nats');
    // The next one looks for the stream again, or makes it.
    if (isNobodyThere(error) || isNoStream(error)) this.#open = undefined;
    return failureOf(operation, error, this.options.timeoutMs);
  }

  opened(): Promise<Open> {
    // One that was closed for good does not come back.
    if (this.#open?.link.isClosed === false) return Promise.resolve(this.#open);
    this.#opening ??= this.#openNow().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  /** A connection, with or without a stream. */
  async connected(): Promise<Link> {
    const known = this.#link;
    const usable = known !== undefined && (!known.isClosed || this.options.connection !== undefined);
    this.#connecting ??= usable ? undefined : this.#connect().finally(() => (this.#connecting = undefined));
    const link = (await this.#connecting) ?? known;
    if (link?.isUp !== true) throw new LinkDownError('the connection is down');
    return link;
  }

  async #connect(): Promise<Link> {
    const link = await Link.open(this.options, () => {
      for (const tell of this.breaks) tell();
    });
    if (this.#closed) {
      await link.close();
      throw new BrokerClosedError('nats');
    }
    return (this.#link = link);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled([this.#opening, this.#connecting]);
    await this.#link?.settle();
    await this.#link?.close();
  }

  async #openNow(): Promise<Open> {
    const link = await this.connected();
    const timeout = this.options.timeoutMs;
    const manager = await link.call(() => jetstreamManager(link.connection, { timeout, checkAPI: false }));
    await link.call(() => this.#makeStream(manager));
    return (this.#open = { link, manager, client: jetstream(link.connection, { timeout }) });
  }

  async #makeStream(manager: JetStreamManager): Promise<void> {
    const { stream, prefix, replicas, store, maxEvents, maxAgeMs, deduplicatesMs } = this.options;
    const subject = `${prefix}.>`;
    try {
      const { config } = await manager.streams.info(stream);
      if (!config.subjects.includes(subject)) {
        const problem = `the stream ${stream} does not take ${subject}: it takes ${config.subjects.join(', ')}`;
        throw new BrokerRefusedError('nats', 'open', problem);
      }
    } catch (error) {
      if (!isNoStream(error)) throw error;
      try {
        await manager.streams.add({
          name: stream,
          subjects: [subject],
          storage: store,
          num_replicas: replicas,
          max_msgs: maxEvents,
          max_age: nanos(maxAgeMs),
          duplicate_window: nanos(deduplicatesMs),
        });
      } catch (failure) {
        // Another process made it at this moment.
        if (!isNameInUse(failure)) throw failure;
      }
    }
  }
}

export function nanos(ms: number): number {
  return ms * 1_000_000;
}

import { InvalidOptionsError, unknownOptions } from '@lockscope/core';
import type { Message } from '../bus/message.ts';
import type { Closable, Closed, CloseOptions } from '../closable.ts';
import type { Broker } from './broker.ts';
import { EventRefusedError } from './broker-errors.ts';
import { publishMessage } from './messages.ts';
import { tell } from './told.ts';

/** A message that waits to be published. */
export interface OutboxEntry {
  readonly subject: string;
  readonly message: Message;
}

/**
 * Where messages wait, in the same database as what they tell of: a program writes both in one transaction, so neither is
 * ever there without the other.
 */
export interface OutboxStore {
  /** The first of those that were not marked, in the order in which they were written, at most so many. */
  take(limit: number): readonly OutboxEntry[] | Promise<readonly OutboxEntry[]>;
  /** These are published; `take` does not give them any more. */
  markSent(ids: readonly string[]): void | Promise<void>;
}

/** Options of {@link relayOutbox}. */
export interface RelayOptions {
  /** How many messages are taken at a time. Default 100. */
  readonly batch?: number;
  /** How often the store is looked at when nobody calls `wake`, in milliseconds. Default 1,000. */
  readonly intervalMs?: number;
  /** Told of each failure of the store or the broker; it is tried again. Default: only counted. */
  readonly onError?: (error: unknown) => void;
  /** Told of a message that no broker takes. It is marked, so that those behind it go on. Default: only counted. */
  readonly onRefused?: (entry: OutboxEntry, error: EventRefusedError) => void;
}

const known = new Set(['batch', 'intervalMs', 'onError', 'onRefused']);

/** What takes messages from a store to a broker. */
export interface OutboxRelay extends Closable {
  /** There is something new: look now. Call it after the transaction. */
  wake(): void;
  readonly stats: {
    readonly published: number;
    /** The broker had them already: an earlier attempt had arrived, and was not marked. */
    readonly duplicates: number;
    readonly refused: number;
    readonly failed: number;
  };
}

/**
 * Publishes what waits in an outbox, one after the other, in its order, and marks it. When the process dies in between,
 * a message is published again, with its id: brokers that know ids do not take it twice, and `idempotent` does the rest.
 * While it is open it keeps the process alive. `close` stops it after the message that is on its way; the others stay in
 * the store.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong.
 */
export function relayOutbox(store: OutboxStore, broker: Broker, options: RelayOptions = {}): OutboxRelay {
  const { batch = 100, intervalMs = 1000 } = options;
  const problems = unknownOptions(options, known);
  if (!(Number.isSafeInteger(batch) && batch >= 1))
    problems.push(`batch must be a whole number of at least 1, got ${String(batch)}`);
  if (!(intervalMs >= 1 && intervalMs <= 2 ** 31 - 1))
    problems.push(`intervalMs must be from 1 to ${2 ** 31 - 1}, got ${String(intervalMs)}`);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return new Relay(store, broker, { ...options, batch, intervalMs });
}

type CheckedOptions = RelayOptions & Required<Pick<RelayOptions, 'batch' | 'intervalMs'>>;

class Relay implements OutboxRelay {
  readonly #store: OutboxStore;
  readonly #broker: Broker;
  readonly #options: CheckedOptions;
  readonly #stopped = new AbortController();
  readonly #running: Promise<void>;
  #stats = { published: 0, duplicates: 0, refused: 0, failed: 0 };
  #asked = false;
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(store: OutboxStore, broker: Broker, options: CheckedOptions) {
    this.#store = store;
    this.#broker = broker;
    this.#options = options;
    this.#running = this.#run();
  }

  get stats(): OutboxRelay['stats'] {
    return Object.freeze({ ...this.#stats });
  }

  wake(): void {
    this.#asked = true;
    this.#wake?.();
  }

  async close({ signal }: CloseOptions = {}): Promise<Closed> {
    this.#closed = true;
    this.#wake?.();
    const stop = (): void => this.#stopped.abort();
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
    await this.#running;
    return Object.freeze({ undelivered: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#closed;) {
      this.#asked = false;
      try {
        const entries = await this.#store.take(this.#options.batch);
        await this.#publish(entries);
        failures = 0;
        if (entries.length < this.#options.batch) await this.#pause(this.#options.intervalMs);
      } catch (error) {
        this.#stats.failed += 1;
        tell(
          () => this.#options.onError?.(error),
          () => undefined,
        );
        failures += 1;
        // What is new is no reason to try sooner.
        this.#asked = false;
        await this.#pause(Math.min(50 * 2 ** Math.min(failures, 10), 2000, this.#options.intervalMs));
      }
    }
  }

  async #publish(entries: readonly OutboxEntry[]): Promise<void> {
    const sent: string[] = [];
    try {
      for (const entry of entries) {
        if (this.#closed) return;
        await this.#publishOne(entry);
        sent.push(entry.message.id);
      }
    } finally {
      if (sent.length > 0) await this.#store.markSent(sent);
    }
  }

  async #publishOne(entry: OutboxEntry): Promise<void> {
    try {
      const { signal } = this.#stopped;
      const { duplicate } = await publishMessage(this.#broker, entry.subject, entry.message, { signal });
      this.#stats.published += 1;
      if (duplicate) this.#stats.duplicates += 1;
    } catch (error) {
      if (!(error instanceof EventRefusedError)) throw error;
      this.#stats.refused += 1;
      tell(
        () => this.#options.onRefused?.(entry, error),
        () => undefined,
      );
    }
  }

  #pause(ms: number): Promise<void> {
    if (this.#closed || this.#asked) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

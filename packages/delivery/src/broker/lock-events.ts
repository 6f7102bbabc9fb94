import { decodeEvent, InvalidOptionsError, unknownOptions, type Event } from '@lockscope/core';
import type { Closable, Closed, CloseOptions } from '../closable.ts';
import type { Broker, Delivery, Position, SubscribeOptions, SubscriptionStats } from './broker.ts';
import { lockEventsSubject, sourceHeader } from './broker-listener.ts';
import { longestTimerMs } from './subscribe-options.ts';
import { tell } from './told.ts';

/** Options of {@link lockEvents}. */
export interface LockEventsOptions extends Pick<
  SubscribeOptions,
  'from' | 'group' | 'signal' | 'ackWaitMs' | 'onError'
> {
  /** Where they are published. Default `lock-events`. */
  readonly subject?: string;
  /** What is longer is no event, in bytes. Default 1,000,000. */
  readonly maxBytes?: number;
  /** Told of what is no event; the loop goes on behind it. Default: only counted. */
  readonly onRejected?: (delivery: Delivery, error: unknown) => void;
}

const known = new Set(['from', 'group', 'signal', 'ackWaitMs', 'onError', 'subject', 'maxBytes', 'onRejected']);

/** An event of some process, and where it is in the log. */
export interface CollectedEvent {
  readonly event: Event;
  /** Begin there again: `lockEvents(broker, { from: { after: position } })`. */
  readonly position: Position;
  /** Who told it, if it said so. */
  readonly source?: string;
  /** Above 1: it may have been seen before. */
  readonly attempt: number;
}

/** Lock events for a `for await` loop. */
export interface LockEvents extends AsyncIterable<CollectedEvent>, Closable {
  /** Resolves when it has begun: from then on nothing is missed. */
  readonly ready: Promise<void>;
  readonly stats: SubscriptionStats & { /** What was no event. */ readonly rejected: number };
}

/**
 * The lock events that `brokerListener` publishes, of all processes, in the order of the broker. Goes on where it was
 * when the broker was away. The next event is taken when the loop asks for it, so a slow loop holds back nothing but
 * itself. In a group an event counts as handled when the loop asks for the next one; the one that a loop breaks off
 * with, comes again.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong.
 */
export function lockEvents(broker: Broker, options: LockEventsOptions = {}): LockEvents {
  return new LockEventStream(broker, options);
}

interface Offered {
  readonly collected: CollectedEvent;
  /** The loop is done with it. */
  readonly done: () => void;
}

class LockEventStream implements LockEvents {
  readonly ready: Promise<void>;
  readonly #subscription: ReturnType<Broker['subscribe']>;
  readonly #options: LockEventsOptions;
  readonly #maxBytes: number;
  #offered: Offered | undefined;
  #current: Offered | undefined;
  #asking: ((next: IteratorResult<CollectedEvent, undefined>) => void)[] = [];
  #rejected = 0;
  #closed = false;

  constructor(broker: Broker, options: LockEventsOptions) {
    const { subject = lockEventsSubject, maxBytes = 1_000_000, from, group, signal, ackWaitMs, onError } = options;
    const problems = unknownOptions(options, known);
    if (!(Number.isSafeInteger(maxBytes) && maxBytes >= 1))
      problems.push(`maxBytes must be a whole number of at least 1, got ${String(maxBytes)}`);
    if (problems.length > 0) throw new InvalidOptionsError(problems);
    this.#options = options;
    this.#maxBytes = maxBytes;
    const own = { concurrency: 1, timeoutMs: longestTimerMs, maxDeliveries: 1_000_000 };
    const given = { from, group, ackWaitMs, onError };
    this.#subscription = broker.subscribe(subject, (delivery) => this.#hear(delivery), { ...own, ...given });
    this.ready = this.#subscription.ready;
    const abort = (): void => void this.close({ signal: AbortSignal.abort() });
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
  }

  get stats(): LockEvents['stats'] {
    return Object.freeze({ ...this.#subscription.stats, rejected: this.#rejected });
  }

  [Symbol.asyncIterator](): AsyncIterator<CollectedEvent, undefined> {
    return {
      next: () => this.#next(),
      return: async () => {
        await this.close({ signal: AbortSignal.abort() });
        return { done: true, value: undefined };
      },
    };
  }

  /** Ends the loop. What it has is not waited for. */
  close(options?: CloseOptions): Promise<Closed> {
    this.#closed = true;
    this.#offered = undefined;
    for (const answer of this.#asking.splice(0)) answer({ done: true, value: undefined });
    return this.#subscription.close({ ...options, signal: AbortSignal.abort() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #next(): Promise<IteratorResult<CollectedEvent, undefined>> {
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    this.#current?.done();
    this.#current = undefined;
    const offered = this.#offered;
    if (offered === undefined) return new Promise((resolve) => this.#asking.push(resolve));
    this.#offered = undefined;
    this.#current = offered;
    return Promise.resolve({ done: false, value: offered.collected });
  }

  #hear(delivery: Delivery): Promise<void> | undefined {
    const collected = this.#read(delivery);
    if (collected === undefined) return undefined;
    return new Promise((resolve) => {
      const offered = { collected, done: resolve };
      const asking = this.#asking.shift();
      if (asking === undefined) this.#offered = offered;
      else {
        this.#current = offered;
        asking({ done: false, value: collected });
      }
    });
  }

  #read(delivery: Delivery): CollectedEvent | undefined {
    const { body, position, attempt, headers } = delivery;
    try {
      if (body.byteLength > this.#maxBytes) throw new RangeError(`it has ${body.byteLength} bytes`);
      const event = decodeEvent(new TextDecoder('utf-8', { fatal: true }).decode(body));
      const source = Object.hasOwn(headers, sourceHeader) ? headers[sourceHeader] : undefined;
      return Object.freeze({ event, position, attempt, ...(source !== undefined && { source }) });
    } catch (error) {
      this.#rejected += 1;
      tell(
        () => this.#options.onRejected?.(delivery, error),
        () => undefined,
      );
      return undefined;
    }
  }
}

import { InvalidOptionsError, unknownOptions } from '@lockscope/core';
import type { Closed, CloseOptions } from '../closable.ts';
import { Closing } from '../internal/closing.ts';
import type {
  Broker,
  BrokerCapabilities,
  DeliveryHandler,
  Published,
  PublishOptions,
  Reply,
  BrokerRequestOptions,
  Responder,
  RespondOptions,
  SubscribeOptions,
  Subscription,
} from './broker.ts';
import { BrokerClosedError, EventsMissedError } from './broker-errors.ts';
import { Deliveries } from './deliveries.ts';
import { checkPublished, readHeaders } from './event-form.ts';
import { MemoryLog, type LogEntry, type Reader } from './memory-log.ts';
import { MemoryRequests } from './memory-requests.ts';
import { openSubscription, type SubscriptionParts } from './open-subscription.ts';
import { checkSubscription, type CheckedSubscribeOptions } from './subscribe-options.ts';
import { subjectMatcher } from './subjects.ts';

/** Options of {@link memoryBroker}. */
export interface MemoryBrokerOptions {
  /** How many events are kept for those who come later; then the oldest are forgotten, handled or not. Default 100,000. */
  readonly capacity?: number;
  /** For so long an id that was published is not taken again, in milliseconds. Default 120,000. */
  readonly deduplicatesMs?: number;
  /** The longest body, in bytes. Default 1,000,000. */
  readonly maxBodyBytes?: number;
}

const knownOptions = new Set(['capacity', 'deduplicatesMs', 'maxBodyBytes']);

/**
 * A broker within this process: for tests, and for programs that begin small. Bodies are copied when they are published,
 * so nobody changes another's.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong.
 */
export function memoryBroker(options: MemoryBrokerOptions = {}): Broker {
  const { capacity = 100_000, deduplicatesMs = 120_000, maxBodyBytes = 1_000_000 } = options;
  const problems = unknownOptions(options, knownOptions);
  for (const [name, value, least] of [
    ['capacity', capacity, 1],
    ['deduplicatesMs', deduplicatesMs, 0],
    ['maxBodyBytes', maxBodyBytes, 1],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < least)
      problems.push(`${name} must be a whole number of at least ${least}, got ${String(value)}`);
  }
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return new MemoryBroker(capacity, deduplicatesMs, maxBodyBytes);
}

class MemoryBroker implements Broker {
  readonly name = 'memory';
  readonly capabilities: BrokerCapabilities;
  readonly #log: MemoryLog;
  readonly #readers = new Set<Reader>();
  readonly #groups = new Map<string, Reader>();
  readonly #requests = new MemoryRequests();
  /** Of the subscriptions that are open. */
  readonly #closers = new Set<SubscriptionParts['close']>();
  readonly #closing: Closing = new Closing(
    this,
    (signal) => this.#end(signal),
    () => this.#wake?.(),
  );
  /** Something was handled, or given up. */
  #wake: (() => void) | undefined;

  constructor(capacity: number, deduplicatesMs: number, maxBodyBytes: number) {
    this.#log = new MemoryLog(capacity, deduplicatesMs);
    this.capabilities = Object.freeze({
      reach: 'process',
      durable: false,
      deduplicatesMs,
      requests: true,
      maxBodyBytes,
    });
  }

  publish(subject: string, body: Uint8Array, options: PublishOptions = {}): Promise<Published> {
    // What it throws is a rejection; the event is in its place before this returns.
    return new Promise((resolve) => resolve(this.#publish(subject, body, options)));
  }

  #publish(subject: string, body: Uint8Array, { headers = {}, id, signal }: PublishOptions): Published {
    if (this.#closing.begun) throw new BrokerClosedError(this.name);
    signal?.throwIfAborted();
    checkPublished(subject, body, { headers, id }, this.capabilities.maxBodyBytes);
    const now = performance.now();
    const taken = this.#log.taken(id, now);
    if (taken !== undefined) return { position: String(taken), duplicate: true };
    const event = { subject, body: body.slice(), headers: readHeaders(Object.entries(headers)) };
    const { position } = this.#log.append(id === undefined ? event : { ...event, id }, now);
    for (const reader of this.#readers) this.#pump(reader);
    return { position, duplicate: false };
  }

  subscribe(subject: string, handler: DeliveryHandler, options?: SubscribeOptions): Subscription {
    const checked = checkSubscription(subject, handler, options);
    if (this.#closing.begun) throw new BrokerClosedError(this.name);
    const next = this.#log.start(checked.from);
    if (next === undefined) throw new InvalidOptionsError([`from must be a position of this broker`]);
    const reader = this.#reader(subject, checked, next);
    const member: Deliveries = new Deliveries(handler, checked, () => {
      this.#pump(reader);
      this.#wake?.();
    });
    reader.members.push(member);
    this.#readers.add(reader);
    const leave = (): void => {
      const at = reader.members.indexOf(member);
      if (at < 0) return;
      reader.leaving.push(...reader.members.splice(at, 1));
      if (reader.members.length === 0) this.#readers.delete(reader);
    };
    this.#pump(reader);
    return this.#keep({
      subject,
      signal: checked.signal,
      stats: () => member.stats,
      close: async (closeOptions) => {
        leave();
        const closed = await member.close(closeOptions);
        const at = reader.leaving.indexOf(member);
        if (at >= 0) reader.leaving.splice(at, 1);
        this.#pump(reader);
        this.#wake?.();
        return closed;
      },
    });
  }

  async request(subject: string, body: Uint8Array, options: BrokerRequestOptions = {}): Promise<Reply> {
    if (this.#closing.begun) throw new BrokerClosedError(this.name);
    options.signal?.throwIfAborted();
    checkPublished(subject, body, { headers: options.headers }, this.capabilities.maxBodyBytes);
    return this.#requests.ask(subject, body, options);
  }

  respond(subject: string, handler: Responder, options: RespondOptions = {}): Subscription {
    const checked = checkSubscription(subject, handler, options);
    if (this.#closing.begun) throw new BrokerClosedError(this.name);
    const counter = new Deliveries(
      () => undefined,
      checked,
      () => undefined,
    );
    const leave = this.#requests.add({
      fits: subjectMatcher(subject),
      handler,
      concurrency: options.concurrency ?? 100,
      fault: (error) => counter.fault(error),
    });
    return this.#keep({
      subject,
      signal: checked.signal,
      stats: () => counter.stats,
      close: (closeOptions) => {
        leave();
        return counter.close(closeOptions);
      },
    });
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  /** Those who subscribe get what was published before; then their subscriptions are closed. */
  close(options?: CloseOptions): Promise<Closed> {
    return this.#closing.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #end(signal: AbortSignal): Promise<Closed> {
    const readers = [...this.#readers];
    while (!signal.aborted && !readers.every((reader) => this.#isDone(reader)))
      await new Promise<void>((resolve) => (this.#wake = resolve));
    const leaving = readers.flatMap((reader) => reader.leaving);
    await Promise.all([...this.#closers].map((close) => close({ signal })));
    await Promise.all(leaving.map((member) => member.close({ signal })));
    // What members had is given back.
    return { undelivered: readers.reduce((sum, reader) => sum + this.#left(reader), 0) };
  }

  #isDone(reader: Reader): boolean {
    if (reader.leaving.length > 0) return false;
    if (reader.members.length === 0) return true;
    return this.#left(reader) === 0 && reader.members.every(({ stats }) => stats.pending === 0);
  }

  /** How many events it has not handed out. */
  #left({ next, fits, returned }: Reader): number {
    let left = returned.length;
    for (let number = next; number < this.#log.next; number += 1) {
      const entry = this.#log.from(number);
      if (entry?.number === number && fits(entry.subject)) left += 1;
    }
    return left;
  }

  #reader(subject: string, { group }: CheckedSubscribeOptions, next: number): Reader {
    const fresh: Reader = { fits: subjectMatcher(subject), members: [], leaving: [], next, returned: [] };
    if (group === undefined) return fresh;
    const known = this.#groups.get(`${group} ${subject}`);
    if (known !== undefined) return known;
    this.#groups.set(`${group} ${subject}`, fresh);
    return fresh;
  }

  /** Hands out what is there to those who are free, in turn. */
  #pump(reader: Reader): void {
    for (;;) {
      const at = reader.members.findIndex(({ free }) => free > 0);
      const member = reader.members[at];
      if (member === undefined) return;
      const { entry, attempt } = reader.returned.shift() ?? { entry: this.#following(reader), attempt: 1 };
      if (entry === undefined) return;
      // Whoever got one stands behind the others.
      reader.members.push(...reader.members.splice(at, 1));
      const { number: _, ...event } = entry;
      const giveBack = (next: number): void => {
        reader.returned.push({ entry, attempt: next });
        this.#pump(reader);
      };
      member.take({ event, attempt, ack: () => undefined, giveBack });
    }
  }

  #following(reader: Reader): LogEntry | undefined {
    for (let entry = this.#log.from(reader.next); entry !== undefined; entry = this.#log.from(reader.next)) {
      // Who begins at the start begins with the oldest that there is.
      if (entry.number > reader.next && reader.next > 0)
        reader.members[0]?.fault(new EventsMissedError(this.name, String(reader.next - 1)));
      reader.next = entry.number + 1;
      if (reader.fits(entry.subject)) return entry;
    }
    return undefined;
  }

  #keep(parts: Omit<SubscriptionParts, 'ready' | 'closing'>): Subscription {
    this.#closers.add(parts.close);
    const closing = (): void => void this.#closers.delete(parts.close);
    return openSubscription({ ...parts, ready: Promise.resolve(), closing });
  }
}

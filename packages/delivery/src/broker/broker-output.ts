import { InvalidOptionsError } from '@lockscope/core';
import type { Closable, Closed, CloseOptions } from '../closable.ts';
import type { Broker, PublishOptions } from './broker.ts';
import { BrokerClosedError, EventRefusedError } from './broker-errors.ts';
import { tell } from './told.ts';

/** An event for a broker. */
export interface OutgoingEvent {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly headers?: PublishOptions['headers'];
  /** Without one it gets one, so that trying again makes no second event where the broker knows ids. */
  readonly id?: string | undefined;
}

/** Why an event was not published: no room for it, it was refused, or it was left when the output was closed. */
export type OutputDropReason = 'full' | 'refused' | 'closed';

/** Options of {@link brokerOutput}. */
export interface BrokerOutputOptions<T = OutgoingEvent> {
  /** How many events may wait while the broker is away or slow. Default 10,000. */
  readonly capacity?: number;
  /** What goes when there is no room: the event that waited longest, or the new one. Default `drop_oldest`. */
  readonly onFull?: 'drop_oldest' | 'drop_newest';
  /**
   * How many are on their way at a time. Default 32: what is on its way when a connection breaks may arrive in another
   * order. 1 keeps the order always, and waits for an answer after each event.
   */
  readonly inFlight?: number;
  /** The longest pause before the broker is tried again, in milliseconds; the first is 50. Default 2,000. */
  readonly maxPauseMs?: number;
  /** Told of each event that is not published. Default: only counted. */
  readonly onDrop?: (event: T, reason: OutputDropReason, error?: unknown) => void;
  /** Told of each attempt that failed; it is made again. Default: only counted. */
  readonly onError?: (error: unknown) => void;
}

/** What became of the events of an output. */
export interface OutputStats {
  /** Waiting or on their way. */
  readonly depth: number;
  readonly published: number;
  /** Of those, how many the broker had already: an earlier attempt had arrived after all. */
  readonly duplicates: number;
  /** Events that were not published, for whatever reason. */
  readonly dropped: number;
  /** Attempts that failed. */
  readonly failed: number;
}

/** A bounded buffer before a broker. */
export interface BrokerOutput<T = OutgoingEvent> extends Closable {
  /** Takes an event and returns at once. False when it was dropped: no room, or closed. */
  push(event: T): boolean;
  readonly stats: OutputStats;
  /** Resolves when all that was pushed before is published or dropped. */
  flush(): Promise<void>;
}

/**
 * Keeps events while the broker is away, and publishes them when it is back: whoever pushes never waits. An event is
 * tried until the broker has it, refuses it for good, or there is no room for it any more. Nothing of it keeps a process
 * alive but `flush` and `close`. Closing it leaves the broker open.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong.
 */
export function brokerOutput(broker: Broker, options: BrokerOutputOptions = {}): BrokerOutput {
  return new Output(broker, (event) => event, options);
}

interface Waiting<T> {
  readonly event: T;
  readonly number: number;
}

/** The same for events that become texts only when it is their turn. */
export class Output<T> implements BrokerOutput<T> {
  readonly #broker: Broker;
  readonly #encode: (event: T) => OutgoingEvent;
  readonly #options: Required<Pick<BrokerOutputOptions<T>, 'capacity' | 'onFull' | 'inFlight' | 'maxPauseMs'>> &
    BrokerOutputOptions<T>;
  /** Ids of this output begin with it. */
  readonly #name: string = newName();
  #waiting: Waiting<T>[] = [];
  /** Where the line begins in `#waiting`: taking from the front of a long list would cost its length. */
  #head = 0;
  #running = 0;
  #number = 0;
  #published = 0;
  #duplicates = 0;
  #dropped = 0;
  #failed = 0;
  #failures = 0;
  #pause: { readonly timer: ReturnType<typeof setTimeout>; readonly end: () => void } | undefined;
  readonly #settled: (() => void)[] = [];
  #awaited = 0;
  #closing: Promise<Closed> | undefined;

  constructor(broker: Broker, encode: (event: T) => OutgoingEvent, options: BrokerOutputOptions<T>) {
    this.#broker = broker;
    this.#encode = encode;
    const { capacity = 10_000, onFull = 'drop_oldest', inFlight = 32, maxPauseMs = 2000 } = options;
    const problems: string[] = [];
    for (const [name, value, most] of [
      ['capacity', capacity, 100_000_000],
      ['inFlight', inFlight, 10_000],
      ['maxPauseMs', maxPauseMs, 2 ** 31 - 1],
    ] as const) {
      if (!(Number.isSafeInteger(value) && value >= 1 && value <= most))
        problems.push(`${name} must be a whole number from 1 to ${most}, got ${String(value)}`);
    }
    if (onFull !== 'drop_oldest' && onFull !== 'drop_newest')
      problems.push(`onFull must be drop_oldest or drop_newest, got ${String(onFull)}`);
    if (problems.length > 0) throw new InvalidOptionsError(problems);
    this.#options = { ...options, capacity, onFull, inFlight, maxPauseMs };
  }

  get stats(): OutputStats {
    return Object.freeze({
      depth: this.#depth + this.#running,
      published: this.#published,
      duplicates: this.#duplicates,
      dropped: this.#dropped,
      failed: this.#failed,
    });
  }

  get #depth(): number {
    return this.#waiting.length - this.#head;
  }

  push(event: T): boolean {
    if (this.#closing !== undefined) {
      this.#drop(event, 'closed');
      return false;
    }
    if (this.#depth + this.#running >= this.#options.capacity) {
      const oldest = this.#options.onFull === 'drop_oldest' ? this.#take() : undefined;
      this.#drop(oldest === undefined ? event : oldest.event, 'full');
      if (oldest === undefined) return false;
    }
    this.#number += 1;
    this.#waiting.push({ event, number: this.#number });
    // One alone goes at once; but not within the call of whoever pushes.
    if (this.#running === 0 && this.#pause === undefined) queueMicrotask(() => this.#start());
    return true;
  }

  async flush(): Promise<void> {
    if (this.#depth + this.#running === 0) return;
    await this.#awaiting(new Promise((resolve) => this.#settled.push(resolve)));
  }

  close({ signal }: CloseOptions = {}): Promise<Closed> {
    this.#closing ??= this.#end();
    if (signal?.aborted === true) this.#giveUp();
    else signal?.addEventListener('abort', () => this.#giveUp(), { once: true });
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #givenUp = 0;
  #over = false;

  async #end(): Promise<Closed> {
    await this.flush();
    this.#over = true;
    return Object.freeze({ undelivered: this.#givenUp });
  }

  #giveUp(): void {
    if (this.#over) return;
    this.#over = true;
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      this.#givenUp += 1;
      this.#drop(next.event, 'closed');
    }
    // What is on its way may arrive or not.
    this.#givenUp += this.#running;
    this.#dropped += this.#running;
    this.#pause?.end();
    this.#settle();
  }

  #start(): void {
    while (this.#running < this.#options.inFlight && this.#pause === undefined) {
      const next = this.#take();
      if (next === undefined) return;
      this.#running += 1;
      void this.#send(next);
    }
  }

  async #send({ event, number }: Waiting<T>): Promise<void> {
    for (;;) {
      try {
        const { subject, body, headers, id = `${this.#name}-${number}` } = this.#encode(event);
        const { duplicate } = await this.#broker.publish(subject, body, { headers, id });
        this.#failures = 0;
        if (this.#over) return;
        this.#published += 1;
        if (duplicate) this.#duplicates += 1;
        break;
      } catch (error) {
        if (this.#over) return;
        this.#failed += 1;
        this.#tellError(error);
        if (!isLasting(error)) {
          this.#failures += 1;
          await this.#wait();
          if (this.#over) return;
          continue;
        }
        this.#drop(event, error instanceof BrokerClosedError ? 'closed' : 'refused', error);
        break;
      }
    }
    this.#running -= 1;
    this.#start();
    this.#settle();
  }

  /** All who failed wait for the same moment. */
  async #wait(): Promise<void> {
    if (this.#pause !== undefined) {
      await new Promise<void>((resolve) => this.#resuming.push(resolve));
      return;
    }
    const ms = Math.min(50 * 2 ** Math.min(this.#failures, 20), this.#options.maxPauseMs);
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#pause = undefined;
        resolve();
        for (const resume of this.#resuming.splice(0)) resume();
      };
      const timer = setTimeout(end, ms);
      if (this.#awaited === 0) (timer as { unref?: () => void }).unref?.();
      this.#pause = { timer, end };
    });
  }
  readonly #resuming: (() => void)[] = [];

  async #awaiting(settled: Promise<void>): Promise<void> {
    this.#awaited += 1;
    (this.#pause?.timer as { ref?: () => void } | undefined)?.ref?.();
    await settled;
    this.#awaited -= 1;
  }

  #settle(): void {
    if (this.#over || this.#depth + this.#running === 0)
      for (const tellSettled of this.#settled.splice(0)) tellSettled();
  }

  #take(): Waiting<T> | undefined {
    const next = this.#waiting[this.#head];
    if (next === undefined) return undefined;
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    } else if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    }
    return next;
  }

  #drop(event: T, reason: OutputDropReason, error?: unknown): void {
    this.#dropped += 1;
    tell(
      () => this.#options.onDrop?.(event, reason, error),
      () => undefined,
    );
  }

  #tellError(error: unknown): void {
    tell(
      () => this.#options.onError?.(error),
      () => undefined,
    );
  }
}

/** Trying again is of no use: what cannot be written, what no broker takes, a broker that is closed. */
function isLasting(error: unknown): boolean {
  if (error instanceof EventRefusedError || error instanceof BrokerClosedError) return true;
  return !(error instanceof Error && 'code' in error);
}

function newName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

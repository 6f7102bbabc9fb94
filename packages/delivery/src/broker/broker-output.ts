import { InvalidOptionsError, unknownOptions } from '@lockscope/core';
import YoctoQueue from 'yocto-queue';
import type { Closable, Closed, CloseOptions } from '../closable.ts';
import { Closing } from '../internal/closing.ts';
import type { Broker, PublishOptions } from './broker.ts';
import { BrokerClosedError, EventRefusedError } from './broker-errors.ts';
import { newName } from './new-name.ts';
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

/** Names of the options of an output. */
export const outputOptionNames: ReadonlySet<string> = new Set([
  'capacity',
  'onFull',
  'inFlight',
  'maxPauseMs',
  'onDrop',
  'onError',
]);

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
  const problems = [...unknownOptions(options, outputOptionNames), ...outputProblems(options)];
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return new Output(broker, (event) => event, options);
}

interface Waiting<T> {
  readonly event: T;
  readonly number: number;
}

type CheckedOptions<T> = BrokerOutputOptions<T> &
  Required<Pick<BrokerOutputOptions<T>, 'capacity' | 'onFull' | 'inFlight' | 'maxPauseMs'>>;

/** The same for events that become texts only when it is their turn. The options are known to be right. */
export class Output<T> implements BrokerOutput<T> {
  readonly #broker: Broker;
  readonly #encode: (event: T) => OutgoingEvent;
  readonly #options: CheckedOptions<T>;
  /** Ids of this output begin with it. */
  readonly #name: string = newName();
  readonly #waiting = new YoctoQueue<Waiting<T>>();
  readonly #sending = new Set<Waiting<T>>();
  readonly #counts = { published: 0, duplicates: 0, dropped: 0, failed: 0 };
  #number = 0;
  /** Attempts in a row that failed. */
  #failures = 0;
  /** Those that failed wait for the same moment. */
  #pause:
    | { readonly timer: ReturnType<typeof setTimeout>; readonly over: Promise<void>; readonly end: () => void }
    | undefined;
  /** Who waits until nothing is left. */
  readonly #flushing: (() => void)[] = [];
  readonly #closing: Closing;
  #givenUp = 0;

  constructor(broker: Broker, encode: (event: T) => OutgoingEvent, options: BrokerOutputOptions<T>) {
    this.#broker = broker;
    this.#encode = encode;
    this.#options = withDefaults(options);
    const end = async (): Promise<Closed> => {
      await this.flush();
      return { undelivered: this.#givenUp };
    };
    this.#closing = new Closing(this, end, () => this.#giveUp());
  }

  get stats(): OutputStats {
    return Object.freeze({ ...this.#counts, depth: this.#depth });
  }

  get #depth(): number {
    return this.#waiting.size + this.#sending.size;
  }

  push(event: T): boolean {
    if (this.#closing.begun) {
      this.#drop(event, 'closed');
      return false;
    }
    if (this.#depth >= this.#options.capacity) {
      const old = this.#options.onFull === 'drop_oldest' && this.#waiting.size > 0;
      this.#drop(old ? (this.#waiting.dequeue() as Waiting<T>).event : event, 'full');
      if (!old) return false;
    }
    this.#number += 1;
    this.#waiting.enqueue({ event, number: this.#number });
    // Not within the call of whoever pushes. What comes while others are on their way follows the first of them.
    if (this.#sending.size === 0) queueMicrotask(() => this.#start());
    return true;
  }

  async flush(): Promise<void> {
    if (this.#depth === 0) return;
    const flushed = new Promise<void>((resolve) => this.#flushing.push(resolve));
    (this.#pause?.timer as { ref?: () => void } | undefined)?.ref?.();
    await flushed;
  }

  close(options?: CloseOptions): Promise<Closed> {
    return this.#closing.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What is on its way may still arrive; nobody waits for it. */
  #giveUp(): void {
    const left = [...this.#sending, ...this.#waiting.drain()];
    this.#sending.clear();
    this.#givenUp = left.length;
    for (const { event } of left) this.#drop(event, 'closed');
    this.#pause?.end();
    this.#settle();
  }

  #start(): void {
    while (this.#sending.size < this.#options.inFlight && this.#pause === undefined && this.#waiting.size > 0) {
      const next = this.#waiting.dequeue() as Waiting<T>;
      this.#sending.add(next);
      void this.#send(next);
    }
  }

  async #send(sent: Waiting<T>): Promise<void> {
    while (this.#sending.has(sent)) {
      try {
        await this.#publish(sent);
        break;
      } catch (error) {
        if (!this.#sending.has(sent)) return;
        this.#counts.failed += 1;
        tell(
          () => this.#options.onError?.(error),
          () => undefined,
        );
        if (isLasting(error)) {
          this.#drop(sent.event, error instanceof BrokerClosedError ? 'closed' : 'refused', error);
          break;
        }
        await this.#wait();
      }
    }
    this.#sending.delete(sent);
    this.#start();
    this.#settle();
  }

  async #publish(sent: Waiting<T>): Promise<void> {
    const { subject, body, headers, id = `${this.#name}-${sent.number}` } = this.#encode(sent.event);
    const { duplicate } = await this.#broker.publish(subject, body, { headers, id });
    this.#failures = 0;
    if (!this.#sending.has(sent)) return;
    this.#counts.published += 1;
    if (duplicate) this.#counts.duplicates += 1;
  }

  #wait(): Promise<void> {
    if (this.#pause !== undefined) return this.#pause.over;
    this.#failures += 1;
    const ms = Math.min(50 * 2 ** Math.min(this.#failures - 1, 20), this.#options.maxPauseMs);
    let resume: (() => void) | undefined;
    const over = new Promise<void>((resolve) => (resume = resolve));
    const timer = setTimeout(() => this.#pause?.end(), ms);
    if (this.#flushing.length === 0) (timer as { unref?: () => void }).unref?.();
    const end = (): void => {
      clearTimeout(timer);
      this.#pause = undefined;
      resume?.();
    };
    this.#pause = { timer, over, end };
    return over;
  }

  #settle(): void {
    if (this.#depth === 0) for (const flushed of this.#flushing.splice(0)) flushed();
  }

  #drop(event: T, reason: OutputDropReason, error?: unknown): void {
    this.#counts.dropped += 1;
    tell(
      () => this.#options.onDrop?.(event, reason, error),
      () => undefined,
    );
  }
}

function withDefaults<T>(options: BrokerOutputOptions<T>): CheckedOptions<T> {
  const { capacity = 10_000, onFull = 'drop_oldest', inFlight = 32, maxPauseMs = 2000 } = options;
  return { ...options, capacity, onFull, inFlight, maxPauseMs };
}

/** What is wrong with the values of the options, whose capacity may have another name. */
export function outputProblems<T>(options: BrokerOutputOptions<T>, nameOfCapacity = 'capacity'): string[] {
  const { capacity, onFull, inFlight, maxPauseMs } = withDefaults(options);
  const problems: string[] = [];
  for (const [name, value, most] of [
    [nameOfCapacity, capacity, 100_000_000],
    ['inFlight', inFlight, 10_000],
    ['maxPauseMs', maxPauseMs, 2 ** 31 - 1],
  ] as const) {
    if (!(Number.isSafeInteger(value) && value >= 1 && value <= most))
      problems.push(`${name} must be a whole number from 1 to ${most}, got ${String(value)}`);
  }
  if (onFull !== 'drop_oldest' && onFull !== 'drop_newest')
    problems.push(`onFull must be drop_oldest or drop_newest, got ${String(onFull)}`);
  return problems;
}

/** Trying again is of no use: what cannot be written, what no broker takes, a broker that is closed. */
function isLasting(error: unknown): boolean {
  if (error instanceof EventRefusedError || error instanceof BrokerClosedError) return true;
  return !(error instanceof Error && 'code' in error);
}

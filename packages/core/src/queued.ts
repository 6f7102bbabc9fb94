import type { Action } from './action.ts';
import type { Event } from './event.ts';
import { guard } from './guard.ts';
import { InvalidOptionsError } from './invalid-options-error.ts';
import { isObject } from './is-object.ts';
import type { Listener } from './listener.ts';
import { unknownOptions } from './unknown-options.ts';

/** Options of {@link queued}. */
export interface QueuedOptions {
  /** How many deliveries may wait. More memory against fewer drops. Default 10,000. */
  readonly capacity?: number;
  /** What goes when the queue is full: the delivery that waited longest, or the new one. Default `drop_oldest`. */
  readonly onFull?: 'drop_oldest' | 'drop_newest';
  /** How long one delivery may take before the next is tried, in milliseconds; it counts as a fault. Default 30,000. */
  readonly timeoutMs?: number;
  /** Told of every fault of the listener behind the queue. Default: only counted. */
  readonly onError?: (error: unknown, event: Event) => void;
}

/** A listener behind a queue. Hang it on a lock like any other. */
export interface QueuedListener extends Listener {
  /** Deliveries that wait now. */
  readonly depth: number;
  /** Deliveries that were dropped because the queue was full, or because it was closed. */
  readonly dropped: number;
  /** Deliveries that the listener failed, and faults of `onError`. */
  readonly failed: number;
  /** Resolves when everything that waits now has been delivered or dropped; what comes later is not waited for. */
  flush(): Promise<void>;
  /**
   * Takes nothing more and delivers what waits, for at most `timeoutMs` (0 to 2147483647, default 5,000); resolves with
   * how many deliveries were left and are now dropped. Closing again waits
   * for the same end. Rejects with an `InvalidOptionsError`, and stays open, when the options are wrong.
   */
  close(options?: { readonly timeoutMs?: number }): Promise<{ readonly undelivered: number }>;
}

type CheckedOptions = Required<Omit<QueuedOptions, 'onError'>> & Pick<QueuedOptions, 'onError'>;

interface Delivery {
  readonly phase: 'on' | 'onStart' | 'onAction';
  readonly event: Event;
  readonly action: Action | undefined;
}

const defaults = { capacity: 10_000, onFull: 'drop_oldest', timeoutMs: 30_000 } as const;
const knownOptions = new Set([...Object.keys(defaults), 'onError']);
const knownCloseOptions = new Set(['timeoutMs']);
const batch = 64;
/** A longer timer would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Puts a listener behind a bounded queue: the lock only pays for putting a delivery there, and a listener that is slow,
 * asynchronous or stuck delays nobody. Deliveries keep their order and go one at a time, 64 in a row before other work
 * gets its turn. `around` and `traceparent` need an answer at once, so a listener that has them cannot be queued.
 *
 * A delivery that does not settle does not keep the process alive; `close()` does, so call it before the process ends.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong, its value and the bound.
 * @throws {TypeError} when the listener has `around` or `traceparent`.
 */
export function queued(listener: Listener, options: QueuedOptions = {}): QueuedListener {
  const { capacity, onFull, timeoutMs, onError } = { ...defaults, ...options };
  const problems = unknownOptions(options, knownOptions);
  if (!Number.isSafeInteger(capacity) || capacity < 1)
    problems.push(`capacity must be an integer of at least 1, got ${String(capacity)}`);
  if (onFull !== 'drop_oldest' && onFull !== 'drop_newest')
    problems.push(`onFull must be drop_oldest or drop_newest, got ${String(onFull)}`);
  if (!(timeoutMs > 0 && timeoutMs <= longestTimerMs))
    problems.push(`timeoutMs must be above 0 and at most ${longestTimerMs}, got ${String(timeoutMs)}`);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  for (const method of ['around', 'traceparent'] as const) {
    if (typeof listener[method] === 'function')
      throw new TypeError(
        `listener "${listener.name}" has ${method}(), which needs an answer at once and cannot be queued`,
      );
  }
  return new Queued(listener, { capacity, onFull, timeoutMs, ...(onError !== undefined && { onError }) });
}

class Queued implements QueuedListener {
  readonly name: string;
  readonly types?: Listener['types'] & object;
  readonly on?: (event: Event) => void;
  readonly onStart?: (event: Event) => void;
  readonly onAction?: (event: Event, action: Action) => void;
  readonly #listener: Listener;
  readonly #options: CheckedOptions;
  #waiting: Delivery[] = [];
  /** Where the queue begins in `#waiting`: taking from the front of a long array would cost its length. */
  #head = 0;
  #dropped = 0;
  #failed = 0;
  #draining = false;
  /** Deliveries that were ever taken in, dropped ones included. */
  #accepted = 0;
  /** Who waits until so many of them are gone. */
  #flushing: { readonly upTo: number; readonly resolve: () => void }[] = [];
  #closing: Promise<{ readonly undelivered: number }> | undefined;

  constructor(listener: Listener, options: CheckedOptions) {
    this.name = listener.name;
    this.#listener = listener;
    this.#options = options;
    if (listener.types !== undefined) this.types = listener.types;
    if (listener.on !== undefined) this.on = (event) => this.#put({ phase: 'on', event, action: undefined });
    if (listener.onStart !== undefined)
      this.onStart = (event) => this.#put({ phase: 'onStart', event, action: undefined });
    if (listener.onAction !== undefined)
      this.onAction = (event, action) => this.#put({ phase: 'onAction', event, action });
  }

  get depth(): number {
    return this.#waiting.length - this.#head;
  }
  get dropped(): number {
    return this.#dropped;
  }
  get failed(): number {
    return this.#failed;
  }

  async flush(): Promise<void> {
    // The timer never fires. It keeps the process alive while somebody waits.
    await within(longestTimerMs, this.#flushed());
  }

  async close(options: { readonly timeoutMs?: number } = {}): Promise<{ readonly undelivered: number }> {
    const { timeoutMs = 5000 } = options;
    const problems = unknownOptions(options, knownCloseOptions);
    if (!(timeoutMs >= 0 && timeoutMs <= longestTimerMs))
      problems.push(`timeoutMs must be from 0 to ${longestTimerMs}, got ${String(timeoutMs)}`);
    if (problems.length > 0) throw new InvalidOptionsError(problems);
    return await (this.#closing ??= this.#drainUntil(timeoutMs));
  }

  async #drainUntil(timeoutMs: number): Promise<{ readonly undelivered: number }> {
    await within(timeoutMs, this.#flushed());
    const undelivered = this.depth;
    this.#dropped += undelivered;
    this.#waiting = [];
    this.#head = 0;
    return { undelivered };
  }

  #flushed(): Promise<void> {
    if (!this.#draining) return Promise.resolve();
    return new Promise((resolve) => this.#flushing.push({ upTo: this.#accepted, resolve }));
  }

  #put(delivery: Delivery): void {
    if (this.#closing !== undefined) {
      this.#dropped += 1;
      return;
    }
    if (this.depth === this.#options.capacity) {
      this.#dropped += 1;
      if (this.#options.onFull === 'drop_newest') return;
      this.#take();
    }
    this.#waiting.push(delivery);
    this.#accepted += 1;
    if (!this.#draining) void this.#drain();
  }

  #take(): Delivery | undefined {
    const delivery = this.#waiting[this.#head];
    if (delivery === undefined) return undefined;
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return delivery;
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    await nextTurn();
    for (let count = 1; this.depth > 0; count += 1) {
      const delivery = this.#take();
      if (delivery !== undefined) await this.#deliver(delivery);
      if (this.#flushing.length > 0) this.#tellFlushed(this.#accepted - this.depth);
      if (count % batch === 0) await nextTurn();
    }
    this.#draining = false;
    this.#waiting = [];
    this.#head = 0;
    this.#tellFlushed(Infinity);
  }

  #tellFlushed(gone: number): void {
    for (const { upTo, resolve } of this.#flushing) if (upTo <= gone) resolve();
    this.#flushing = this.#flushing.filter(({ upTo }) => upTo > gone);
  }

  async #deliver({ phase, event, action }: Delivery): Promise<void> {
    try {
      const given: unknown =
        phase === 'onAction' ? this.#listener.onAction?.(event, action as Action) : this.#listener[phase]?.(event);
      if (!isObject(given)) return;
      const { timeoutMs } = this.#options;
      const inTime = await within(timeoutMs, Promise.resolve(given), 'unref');
      if (!inTime) throw new Error(`listener "${this.name}" did not settle within ${timeoutMs} ms`);
    } catch (error) {
      this.#failed += 1;
      // Who is told of faults may fail too; that is counted with the listener.
      guard(
        () => this.#options.onError?.(error, event),
        () => {
          this.#failed += 1;
        },
      );
    }
  }
}

/** After other work had its turn. A timer of 0 ms is the one that every runtime has. */
function nextTurn(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => unknown };
  return new Promise((resolve) => (setImmediate === undefined ? setTimeout(resolve, 0) : setImmediate(resolve)));
}

/** True when the promise resolved in time, false when the time was over first; rejects as the promise does. */
async function within(ms: number, promise: Promise<unknown>, unref?: 'unref'): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
    if (unref !== undefined) (timer as { unref?: () => void }).unref?.();
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

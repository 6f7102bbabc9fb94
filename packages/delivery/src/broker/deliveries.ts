import type { Closed, CloseOptions } from '../closable.ts';
import { Closing } from '../internal/closing.ts';
import type { Delivery, DeliveryHandler, SubscriptionStats } from './broker.ts';
import { HandlerTimeoutError, UnansweredDeliveryError } from './broker-errors.ts';
import { tell } from './told.ts';
import { isDelay, type CheckedSubscribeOptions } from './subscribe-options.ts';

/** An event as a broker brings it, and how the broker is told what became of it: plain functions. What they throw is told to
 * `onError`. */
export interface Arrival {
  readonly event: Omit<Delivery, 'attempt' | 'signal'>;
  readonly attempt: number;
  /** It is handled, or dead. */
  ack(): unknown;
  /**
   * It failed: the broker itself brings it again after the pause. Without this the pause is made here, and `again` asked
   * after it.
   */
  redeliver?(delayMs: number): unknown;
  /** Which attempt the next one is; undefined when somebody else has it, or it is gone. Without this it is the next number. */
  again?(): number | undefined | Promise<number | undefined>;
  /** It was not handled here: another member of the group may have it at once, as that attempt. */
  giveBack?(attempt: number): unknown;
}

/** When `retryDelayMs` threw, or gave what is no pause. */
const pauseWithoutAnswerMs = 200;

type Counts = { -readonly [Name in keyof SubscriptionStats]: number };

/**
 * The part of a subscription that all brokers have in common: hands events to the handler, so many at a time, with a
 * limit on each, tries again, gives up, and counts. For those who write a broker.
 */
export class Deliveries {
  readonly #handler: DeliveryHandler;
  readonly #options: CheckedSubscribeOptions;
  readonly #onRoom: () => void;
  readonly #waiting: Arrival[] = [];
  readonly #running = new Map<AbortController, Arrival>();
  readonly #pausing = new Map<ReturnType<typeof setTimeout>, Arrival>();
  /** What is said to the broker now. */
  readonly #saying = new Set<Promise<void>>();
  readonly #counts: Counts = { delivered: 0, redelivered: 0, handled: 0, failed: 0, dead: 0, pending: 0, errors: 0 };
  readonly #closing: Closing = new Closing(
    this,
    () => this.#end(),
    () => this.#giveUp(),
  );
  #givenUp = 0;
  readonly #endings: (() => void)[] = [];

  /** `onRoom` is called whenever more can be taken than before. */
  constructor(handler: DeliveryHandler, options: CheckedSubscribeOptions, onRoom: () => void) {
    this.#handler = handler;
    this.#options = options;
    this.#onRoom = onRoom;
  }

  get stats(): SubscriptionStats {
    return Object.freeze({ ...this.#counts });
  }

  get isClosed(): boolean {
    return this.#closing.begun;
  }

  /** How many more may be taken, waiting ones included. */
  get room(): number {
    if (this.isClosed) return 0;
    const { prefetch, maxPending } = this.#options;
    return Math.max(0, Math.min(prefetch - this.#waiting.length, maxPending - this.#counts.pending));
  }

  /** How many more would be handled at once. */
  get free(): number {
    return Math.min(this.room, this.#options.concurrency - this.#running.size - this.#waiting.length);
  }

  /** Takes an event, also when there is no room: then the broker did not ask. After `close` it is given back. */
  take(arrival: Arrival): void {
    if (this.isClosed) {
      this.#say(() => arrival.giveBack?.(arrival.attempt));
      return;
    }
    this.#counts.pending += 1;
    this.#waiting.push(arrival);
    // Not within the call of whoever publishes.
    queueMicrotask(() => this.#start());
  }

  /** Counts and tells what went wrong with the broker. */
  fault(error: unknown): void {
    this.#counts.errors += 1;
    tell(
      () => this.#options.onError?.(error),
      () => (this.#counts.errors += 1),
    );
  }

  /** Gives back what waits and resolves when what runs has ended, or when the signal aborts. */
  close(options?: CloseOptions): Promise<Closed> {
    return this.#closing.close(options);
  }

  async #end(): Promise<Closed> {
    let undelivered = this.#waiting.length + this.#pausing.size;
    for (const arrival of this.#waiting.splice(0)) this.#say(() => arrival.giveBack?.(arrival.attempt));
    for (const [timer, arrival] of this.#pausing) {
      clearTimeout(timer);
      this.#say(() => arrival.giveBack?.(arrival.attempt + 1));
    }
    this.#pausing.clear();
    while (this.#running.size > 0) await new Promise<void>((resolve) => this.#endings.push(resolve));
    undelivered += this.#givenUp;
    await this.#said();
    this.#counts.pending = 0;
    return { undelivered };
  }

  #giveUp(): void {
    this.#givenUp += this.#running.size;
    const given = [...this.#running];
    this.#running.clear();
    for (const [running, arrival] of given) {
      running.abort(new Error('the subscription was closed'));
      this.#say(() => arrival.giveBack?.(arrival.attempt + 1));
    }
    this.#wakeClosers();
  }

  #start(): void {
    while (!this.isClosed && this.#running.size < this.#options.concurrency) {
      const arrival = this.#waiting.shift();
      if (arrival === undefined) return;
      void this.#deliver(arrival);
    }
  }

  async #deliver(arrival: Arrival): Promise<void> {
    const running = new AbortController();
    this.#running.set(running, arrival);
    const delivery: Delivery = { ...arrival.event, attempt: arrival.attempt, signal: running.signal };
    const { maxDeliveries } = this.#options;
    if (arrival.attempt > maxDeliveries) {
      await this.#bury(arrival, delivery, new UnansweredDeliveryError(arrival.attempt - 1), running);
      return;
    }
    this.#counts.delivered += 1;
    if (arrival.attempt > 1) this.#counts.redelivered += 1;
    try {
      await this.#limited(running, () => this.#handler(delivery));
    } catch (error) {
      if (!this.#running.has(running)) return;
      this.#counts.failed += 1;
      this.fault(error);
      if (arrival.attempt >= maxDeliveries) await this.#bury(arrival, delivery, error, running);
      else this.#done(running, () => this.#later(arrival));
      return;
    }
    if (!this.#running.has(running)) return;
    this.#counts.handled += 1;
    this.#done(running, () => this.#leave(() => arrival.ack()));
  }

  async #bury(arrival: Arrival, delivery: Delivery, error: unknown, running: AbortController): Promise<void> {
    try {
      if (this.#options.onDead !== undefined)
        await this.#limited(running, () => this.#options.onDead?.(delivery, error));
    } catch (fault) {
      if (!this.#running.has(running)) return;
      this.fault(fault);
      this.#done(running, () => this.#later(arrival));
      return;
    }
    if (!this.#running.has(running)) return;
    this.#counts.dead += 1;
    this.#done(running, () => this.#leave(() => arrival.ack()));
  }

  /** Rejects when it takes too long, or is given up. What becomes of it after that, nobody hears. */
  async #limited(running: AbortController, work: () => unknown): Promise<void> {
    const { timeoutMs } = this.#options;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ended = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const late = new HandlerTimeoutError(timeoutMs);
        reject(late);
        running.abort(late);
      }, timeoutMs);
      (timer as { unref?: () => void }).unref?.();
      running.signal.addEventListener('abort', () => reject(running.signal.reason as Error), { once: true });
    });
    try {
      await Promise.race([(async () => work())(), ended]);
    } finally {
      clearTimeout(timer);
    }
  }

  #done(running: AbortController, next: () => void): void {
    this.#running.delete(running);
    next();
    this.#start();
    this.#wakeClosers();
    if (this.room > 0) this.#onRoom();
  }

  #leave(say: () => unknown): void {
    this.#counts.pending = Math.max(0, this.#counts.pending - 1);
    this.#say(say);
  }

  #later(arrival: Arrival): void {
    const delayMs = this.#delayAfter(arrival.attempt);
    if (arrival.redeliver !== undefined) this.#leave(() => arrival.redeliver?.(delayMs));
    else if (this.isClosed) {
      this.#givenUp += 1;
      this.#say(() => arrival.giveBack?.(arrival.attempt + 1));
    } else {
      const timer = setTimeout(() => void this.#retry(timer, arrival), delayMs);
      this.#pausing.set(timer, arrival);
    }
  }

  #delayAfter(attempt: number): number {
    try {
      const delayMs: unknown = this.#options.retryDelayMs(attempt);
      if (isDelay(delayMs)) return delayMs;
      throw new RangeError(`retryDelayMs gave ${String(delayMs)}`);
    } catch (error) {
      this.fault(error);
      return pauseWithoutAnswerMs;
    }
  }

  async #retry(timer: ReturnType<typeof setTimeout>, arrival: Arrival): Promise<void> {
    try {
      const attempt = arrival.again === undefined ? arrival.attempt + 1 : await arrival.again();
      if (!this.#pausing.delete(timer)) return;
      this.#counts.pending = Math.max(0, this.#counts.pending - 1);
      if (attempt !== undefined) this.take({ ...arrival, attempt });
      else if (this.room > 0) this.#onRoom();
    } catch (error) {
      if (!this.#pausing.delete(timer)) return;
      this.fault(error);
      const next = setTimeout(() => void this.#retry(next, arrival), Math.max(100, this.#delayAfter(arrival.attempt)));
      this.#pausing.set(next, arrival);
    }
  }

  #say(say: () => unknown): void {
    const said = (async () => {
      try {
        await say();
      } catch (error) {
        this.fault(error);
      }
    })();
    this.#saying.add(said);
    void said.then(() => this.#saying.delete(said));
  }

  /** A broker that is away is not waited for. */
  async #said(): Promise<void> {
    if (this.#saying.size === 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, 1000)));
    await Promise.race([Promise.all(this.#saying), late]);
    clearTimeout(timer);
  }

  #wakeClosers(): void {
    for (const wake of this.#endings.splice(0)) wake();
  }
}

import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import type { Closed } from '../closable.ts';
import { harmless } from '../internal/done.ts';
import { whenAborted } from '../internal/signals.ts';
import { Chain, Link } from './chain.ts';
import type { DriverOptions, DriverStats } from './driver-options.ts';
import type { EventHooks, QueuedEvent, RequestEnd } from './queued-event.ts';
import { DriverClosedError, type ReplyRefusedError } from './request-errors.ts';

/** A consumer that waits for an event. */
class Receiver extends Link {
  readonly resolve: (event: QueuedEvent) => void;
  readonly reject: (error: unknown) => void;

  constructor(resolve: (event: QueuedEvent) => void, reject: (error: unknown) => void) {
    super();
    this.resolve = resolve;
    this.reject = reject;
  }
}

const known = new Set(['capacity', 'timeoutMs', 'onRefused', 'onError', 'onDrop']);

type Counters = { -readonly [Name in keyof DriverStats]: DriverStats[Name] };

/** What producers and consumers of a driver share. */
export class EventQueue implements EventHooks {
  readonly capacity: number;
  readonly timeoutMs: number;
  readonly #options: DriverOptions;
  readonly #queue = new Chain<QueuedEvent>();
  readonly #callers = new Chain<QueuedEvent>();
  readonly #receivers = new Chain<Receiver>();
  /** Requests without an answer, wherever they are, and one-way events that `serve` works on. */
  readonly #open = new Set<QueuedEvent>();
  #closed = false;
  #idle: (() => void) | undefined;
  readonly #counted: Counters = {
    sent: 0,
    requested: 0,
    taken: 0,
    replied: 0,
    failed: 0,
    timedOut: 0,
    aborted: 0,
    givenUp: 0,
    refusedReplies: 0,
    faults: 0,
    dropped: 0,
    hookFaults: 0,
    pending: 0,
  };

  constructor(options: DriverOptions) {
    const { capacity = 1000, timeoutMs = 30_000 } = options;
    const problems = unknownOptions(options, known);
    if (!Number.isSafeInteger(capacity) || capacity < 1)
      problems.push(`capacity must be an integer of at least 1, got ${String(capacity)}`);
    problems.push(...wrongLimit(timeoutMs));
    if (problems.length > 0) throw new InvalidOptionsError(problems);
    this.capacity = capacity;
    this.timeoutMs = timeoutMs;
    this.#options = options;
  }

  get size(): number {
    return this.#queue.size;
  }

  get waiting(): number {
    return this.#callers.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get stats(): DriverStats {
    return { ...this.#counted, pending: this.#pending() };
  }

  /** Counts a request in, before anything can happen to it. */
  opened(request: QueuedEvent): void {
    this.#counted.requested += 1;
    this.#open.add(request);
  }

  /** Gives an event to who waits for one, into the queue, or among those who wait for room. */
  put(event: QueuedEvent): void {
    const receiver = this.#receivers.shift();
    if (receiver !== undefined) {
      this.#admit(event);
      receiver.resolve(this.#hand(event));
    } else if (this.#queue.size < this.capacity) this.#enqueue(event);
    else this.#callers.push(event);
  }

  /** Rejects with a `DriverClosedError` when nothing is left and nothing can come, or with the signal's reason. */
  receive(signal: AbortSignal | undefined): Promise<QueuedEvent> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    const event = this.#queue.shift();
    if (event !== undefined) {
      const handed = this.#hand(event);
      this.#fill();
      return Promise.resolve(handed);
    }
    if (this.#closed) return Promise.reject(new DriverClosedError());
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        receiver.leave();
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the reason is what the caller gave
        reject(signal?.reason);
      };
      const release = (): void => signal?.removeEventListener('abort', abort);
      const receiver = new Receiver(
        (handed) => {
          release();
          resolve(handed);
        },
        (error) => {
          release();
          reject(error);
        },
      );
      signal?.addEventListener('abort', abort);
      this.#receivers.push(receiver);
    });
  }

  /** `serve` works on a one-way event, until `done` is told. */
  working(event: QueuedEvent): void {
    this.#open.add(event);
  }

  done(event: QueuedEvent): void {
    this.#open.delete(event);
    this.#checkIdle();
  }

  /** A handler of `serve` failed, and nobody waits for its answer. */
  fault(error: unknown, event: QueuedEvent): void {
    this.#counted.faults += 1;
    this.#tell(() => this.#options.onError?.(error, event));
  }

  ended(event: QueuedEvent, end: RequestEnd): void {
    this.#counted[counterOf[end]] += 1;
    const wasQueued = event.phase === 'queued';
    event.leave();
    this.#open.delete(event);
    if (wasQueued) this.#fill();
    this.#checkIdle();
  }

  refused(error: ReplyRefusedError, event: QueuedEvent): void {
    this.#counted.refusedReplies += 1;
    this.#tell(() => this.#options.onRefused?.(error, event));
  }

  /** Takes nothing more from this moment on. */
  shut(): void {
    this.#closed = true;
    for (let event = this.#callers.shift(); event !== undefined; event = this.#callers.shift()) {
      event.admitted?.(new DriverClosedError());
      event.giveUp();
    }
    for (let receiver = this.#receivers.shift(); receiver !== undefined; receiver = this.#receivers.shift())
      receiver.reject(new DriverClosedError());
  }

  /** Waits until the queue is empty and everything is answered, or gives up what is not when the signal aborts. */
  async drain(signal: AbortSignal): Promise<Closed> {
    if (!this.#isIdle()) {
      const idle = new Promise<void>((resolve) => (this.#idle = resolve));
      const gaveUp = whenAborted(signal);
      await Promise.race([idle, gaveUp.aborted]);
      gaveUp.release();
    }
    let undelivered = 0;
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      undelivered += 1;
      this.#open.delete(event);
      this.#counted.dropped += 1;
      const dropped = event;
      this.#tell(() => this.#options.onDrop?.(dropped));
      event.giveUp();
    }
    for (const event of this.#open) {
      undelivered += 1;
      event.giveUp();
    }
    this.#open.clear();
    return { undelivered };
  }

  #enqueue(event: QueuedEvent): void {
    event.phase = 'queued';
    this.#queue.push(event);
    this.#admit(event);
  }

  #admit(event: QueuedEvent): void {
    if (!event.isRequest) this.#counted.sent += 1;
    event.admitted?.();
    event.admitted = undefined;
  }

  #hand(event: QueuedEvent): QueuedEvent {
    event.phase = 'taken';
    this.#counted.taken += 1;
    this.#checkIdle();
    return event;
  }

  /** Lets those in who wait for room, while there is any. */
  #fill(): void {
    while (this.#queue.size < this.capacity) {
      const event = this.#callers.shift();
      if (event === undefined) return;
      this.#enqueue(event);
    }
  }

  #pending(): number {
    let pending = 0;
    for (const { isRequest } of this.#open) if (isRequest) pending += 1;
    return pending;
  }

  #isIdle(): boolean {
    return this.#queue.size === 0 && this.#open.size === 0;
  }

  #checkIdle(): void {
    if (this.#idle !== undefined && this.#isIdle()) this.#idle();
  }

  #tell(hook: () => unknown): void {
    harmless(hook, () => {
      this.#counted.hookFaults += 1;
    });
  }
}

const counterOf = {
  replied: 'replied',
  failed: 'failed',
  timed_out: 'timedOut',
  aborted: 'aborted',
  closed: 'givenUp',
} as const satisfies Record<RequestEnd, keyof DriverStats>;

/** What is wrong with a limit. */
export function wrongLimit(timeoutMs: unknown): string[] {
  return typeof timeoutMs === 'number' && timeoutMs > 0
    ? []
    : [`timeoutMs must be a number above 0, or Infinity, got ${String(timeoutMs)}`];
}

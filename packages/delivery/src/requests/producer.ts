import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import type { NameOf, PayloadOf, ReplyOf } from './driver-event.ts';
import { type EventQueue, wrongLimit } from './event-queue.ts';
import { QueuedEvent } from './queued-event.ts';
import { DriverClosedError } from './request-errors.ts';

/** Options of an event. */
export interface DriverSendOptions {
  /** Whatever else goes with it. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Leaves the wait, with the signal's reason: for room, and for the answer. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a request. */
export interface DriverRequestOptions extends DriverSendOptions {
  /**
   * How long it may take until the answer is there, in milliseconds: the wait for room, the time in the queue and the
   * work. `Infinity` for ever. Default: that of the driver.
   */
  readonly timeoutMs?: number | undefined;
}

const knownOfSend = new Set(['headers', 'signal']);
const knownOfRequest = new Set([...knownOfSend, 'timeoutMs']);

/** A request that is in the queue. */
export interface Asking<Reply> {
  /** The answer. Nobody has to wait for it: an error that nobody looks at harms nobody. */
  readonly reply: Promise<Reply>;
}

/** Puts events into a driver. */
export class Producer<Map extends object> {
  readonly #queue: EventQueue;

  /** @internal By `driver.producer()`. */
  constructor(queue: EventQueue) {
    this.#queue = queue;
  }

  /**
   * Sends an event that wants no answer. Resolves when the driver has it, which takes until there is room. Rejects with
   * the signal's reason, a `DriverClosedError`, or an `InvalidOptionsError`; then nobody gets it.
   */
  send<const Name extends NameOf<Map>>(
    name: Name,
    payload: PayloadOf<Map, Name>,
    options: DriverSendOptions = {},
  ): Promise<void> {
    const { headers, signal } = options;
    const problems = unknownOptions(options, knownOfSend);
    if (problems.length > 0) return Promise.reject(new InvalidOptionsError(problems));
    if (this.#queue.closed) return Promise.reject(new DriverClosedError());
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    const event = new QueuedEvent(name, payload, headers, this.#queue);
    this.#queue.put(event);
    return event.phase === 'waiting' ? admission(event, signal) : there;
  }

  /**
   * Asks, and resolves with the answer. Rejects with what the consumer failed with, the same object; a
   * `RequestTimeoutError` at the limit, whatever the consumer is doing; the signal's reason; a `DriverClosedError`; an
   * `InvalidOptionsError` when the options are wrong.
   */
  request<const Name extends NameOf<Map>>(
    name: Name,
    payload: PayloadOf<Map, Name>,
    options: DriverRequestOptions = {},
  ): Promise<ReplyOf<Map, Name>> {
    return this.#ask(name, payload, options).reply as Promise<ReplyOf<Map, Name>>;
  }

  /** Asks as `request` does, and resolves when the driver has the request, so that the answer can be waited for later. */
  async call<const Name extends NameOf<Map>>(
    name: Name,
    payload: PayloadOf<Map, Name>,
    options: DriverRequestOptions = {},
  ): Promise<Asking<ReplyOf<Map, Name>>> {
    const { event, reply } = this.#ask(name, payload, options);
    if (event === undefined) await reply;
    else if (event.phase === 'waiting') await admission(event, undefined);
    return { reply: reply as Promise<ReplyOf<Map, Name>> };
  }

  #ask(
    name: string,
    payload: unknown,
    options: DriverRequestOptions,
  ): { event?: QueuedEvent; reply: Promise<unknown> } {
    const { headers, signal, timeoutMs = this.#queue.timeoutMs } = options;
    const problems = [...unknownOptions(options, knownOfRequest), ...wrongLimit(timeoutMs)];
    if (problems.length > 0) return { reply: Promise.reject(new InvalidOptionsError(problems)) };
    if (this.#queue.closed) return { reply: Promise.reject(new DriverClosedError()) };
    if (signal?.aborted === true) return { reply: Promise.reject(signal.reason as Error) };
    let event!: QueuedEvent;
    const reply = new Promise<unknown>((resolve, reject) => {
      event = new QueuedEvent(name, payload, headers, this.#queue, { timeoutMs, signal, resolve, reject });
    });
    reply.then(undefined, ignore);
    this.#queue.opened(event);
    this.#queue.put(event);
    return { event, reply };
  }
}

const there: Promise<void> = Promise.resolve();

/** Resolves when there was room for the event; rejects when there will be none for it. */
function admission(event: QueuedEvent, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      event.leave();
      event.admitted?.(signal?.reason);
    };
    event.admitted = (...refusal) => {
      signal?.removeEventListener('abort', abort);
      event.admitted = undefined;
      if (refusal.length === 0) resolve();
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the reason is what the caller gave
      else reject(refusal[0]);
    };
    signal?.addEventListener('abort', abort);
  });
}

function ignore(): void {}

import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import type { Closed, CloseOptions } from '../closable.ts';
import { exponentialBackoff } from './exponential-backoff.ts';
import { closeBehind } from '../internal/closing.ts';
import { harmless } from '../internal/done.ts';
import { Passing } from './internal/passing.ts';
import { pause } from '../internal/pause.ts';
import { onAbort, untilAborted } from '../internal/signals.ts';
import { RetriesExhaustedError } from './retries-exhausted-error.ts';
import type { RetryStrategy } from './retry-strategy.ts';
import { isSinkClosed } from './sink-closed-error.ts';
import type { Sink, WriteOptions } from './sink.ts';

/** Options of a {@link Retrying}. */
export interface RetryingOptions<T = unknown> {
  /** When attempts are made. Default `exponentialBackoff()`. */
  readonly strategy?: RetryStrategy<T>;
  /** Attempts for one event, the first included, before it is given up. `Infinity` is a choice. Default 10. */
  readonly maxAttempts?: number;
  /** False for what another attempt cannot mend. Default: everything but an error with `retryable: false`. */
  readonly isRetryable?: (error: unknown, event: T) => boolean;
  /**
   * An error with `retryAfterMs` (as of the HTTP sink) holds all attempts back for so long, at most for this time, in
   * milliseconds. Default 300,000.
   */
  readonly maxRetryAfterMs?: number;
  /** One event at a time, in the order of the writes; the next only when that one is committed or given up. Default false. */
  readonly serial?: boolean;
  /** Gives up whatever is under way when it aborts, and closes. */
  readonly signal?: AbortSignal;
  /** Told of every attempt that failed and is followed by another. */
  readonly onRetry?: (event: T, error: unknown, attempt: number) => void;
  /**
   * Takes over events that are given up, with a `RetriesExhaustedError`: their writes resolve, unless this throws.
   * Without it their writes reject.
   */
  readonly onDrop?: (event: T, error: RetriesExhaustedError) => void;
}

const known = new Set([
  'strategy',
  'maxAttempts',
  'isRetryable',
  'maxRetryAfterMs',
  'serial',
  'signal',
  'onRetry',
  'onDrop',
]);

/**
 * Writes on until it succeeds: again when an attempt fails, at the time that the strategy says, so often as
 * `maxAttempts` says. It ends early when what is behind is closed, when the error says that trying again is of no use,
 * and when the writer or a closer gives up.
 */
export class Retrying<T> implements Sink<T> {
  readonly #behind: Sink<T>;
  readonly #options: RetryingOptions<T>;
  readonly #strategy: RetryStrategy<T>;
  readonly #maxAttempts: number;
  readonly #maxRetryAfterMs: number;
  readonly #passing: Passing<T>;
  #attempts = 0;
  #retries = 0;
  #dropped = 0;
  /** No attempt before, by the monotonic clock, in milliseconds. */
  #notBefore = 0;
  /** The turn of the last writer, where they take turns. */
  #lastTurn: Promise<void> = Promise.resolve();

  /** @throws {InvalidOptionsError} naming every option that is wrong, its value and the bound. */
  constructor(behind: Sink<T>, options: RetryingOptions<T> = {}) {
    const { strategy = exponentialBackoff(), maxAttempts = 10, maxRetryAfterMs = 300_000, signal } = options;
    const problems = unknownOptions(options, known);
    if (!(maxAttempts === Infinity || (Number.isSafeInteger(maxAttempts) && maxAttempts >= 1)))
      problems.push(`maxAttempts must be an integer of at least 1 or Infinity, got ${String(maxAttempts)}`);
    if (!(maxRetryAfterMs >= 0 && maxRetryAfterMs < Infinity))
      problems.push(`maxRetryAfterMs must be a number of at least 0, got ${String(maxRetryAfterMs)}`);
    if (typeof strategy?.proceed !== 'function') problems.push('strategy must have proceed()');
    if (problems.length > 0) throw new InvalidOptionsError(problems);
    this.#behind = behind;
    this.#options = options;
    this.#strategy = strategy;
    this.#maxAttempts = maxAttempts;
    this.#maxRetryAfterMs = maxRetryAfterMs;
    let release: (() => void) | undefined;
    this.#passing = new Passing<T>(
      this,
      (event, { signal: given }) =>
        options.serial === true ? this.#inTurn(event, given) : this.#deliver(event, given),
      (given) => {
        release?.();
        return closeBehind(behind, given);
      },
    );
    if (signal !== undefined) release = onAbort(signal, () => void this.close({ signal }));
  }

  /** Attempts that were made, of all events. */
  get attempts(): number {
    return this.#attempts;
  }
  /** Attempts that failed and were followed by another. */
  get retries(): number {
    return this.#retries;
  }
  /** Events that were given up because they failed too often or cannot succeed. */
  get dropped(): number {
    return this.#dropped;
  }
  /** Events that are under way. */
  get inFlight(): number {
    return this.#passing.running;
  }

  /** Resolves when the event is committed behind; rejects with a `RetriesExhaustedError` when it was given up. */
  write(event: T, options?: WriteOptions): Promise<void> {
    return this.#passing.write(event, options);
  }

  close(options?: CloseOptions): Promise<Closed> {
    return this.#passing.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #inTurn(event: T, signal: AbortSignal): Promise<void> {
    const before = this.#lastTurn;
    let over: (() => void) | undefined;
    this.#lastTurn = new Promise<void>((resolve) => (over = resolve));
    try {
      await untilAborted(before, signal);
      await this.#deliver(event, signal);
    } finally {
      // Who gives up before its turn came has not ended the turn of the one before.
      void before.then(() => over?.());
    }
  }

  async #deliver(event: T, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      await this.#heldBack(signal);
      const leave = await this.#strategy.proceed(event, { signal });
      this.#attempts += 1;
      let error: unknown;
      try {
        await untilAborted(this.#behind.write(event, { signal }), signal);
        leave.success();
        return;
      } catch (thrown) {
        error = thrown;
      }
      if (signal.aborted || isSinkClosed(error)) {
        leave.abandon();
        throw error;
      }
      const retryable = this.#isRetryable(error, event);
      if (!retryable) leave.abandon();
      if (!retryable || leave.failure(error) || attempt >= this.#maxAttempts) {
        this.#giveUp(event, new RetriesExhaustedError(attempt, error));
        return;
      }
      this.#retries += 1;
      this.#holdBack(error);
      harmless(() => this.#options.onRetry?.(event, error, attempt));
    }
  }

  #isRetryable(error: unknown, event: T): boolean {
    const { isRetryable } = this.#options;
    if (isRetryable !== undefined) return isRetryable(error, event);
    return (error as { retryable?: unknown } | undefined)?.retryable !== false;
  }

  #holdBack(error: unknown): void {
    const ms = (error as { retryAfterMs?: unknown } | undefined)?.retryAfterMs;
    if (typeof ms !== 'number' || !(ms > 0)) return;
    this.#notBefore = Math.max(this.#notBefore, performance.now() + Math.min(ms, this.#maxRetryAfterMs));
  }

  async #heldBack(signal: AbortSignal): Promise<void> {
    // It may be moved on while somebody waits for it.
    for (let ms = this.#notBefore; ms > performance.now(); ms = this.#notBefore)
      await pause(ms - performance.now(), signal);
  }

  #giveUp(event: T, error: RetriesExhaustedError): void {
    this.#dropped += 1;
    const { onDrop } = this.#options;
    if (onDrop === undefined) throw error;
    try {
      onDrop(event, error);
    } catch {
      // Nobody has taken it over.
      throw error;
    }
  }
}

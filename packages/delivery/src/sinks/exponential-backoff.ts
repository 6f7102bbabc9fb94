import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import { pause } from '../internal/pause.ts';
import type { RetryAttempt, RetryStrategy } from './retry-strategy.ts';

/** Options of {@link exponentialBackoff}. */
export interface ExponentialBackoffOptions {
  /** Added to every bound, in milliseconds. Default 1,000. */
  readonly baseMs?: number;
  /** Doubled with every failure, in milliseconds. Default 1,000. */
  readonly factorMs?: number;
  /** No wait is longer, in milliseconds. Default 20,000. */
  readonly maxMs?: number;
  /** Gives numbers from 0 to below 1; a seeded one makes the waits repeatable. Default `Math.random`. */
  readonly random?: () => number;
}

/** See {@link exponentialBackoff}. */
export interface ExponentialBackoff extends RetryStrategy, RetryAttempt {
  /** Failures since the last success, of all events. */
  readonly failures: number;
  /** What the next wait is below, in milliseconds: `min(maxMs, baseMs + factorMs * 2 ** (failures - 1))`; 0 when fresh. */
  readonly boundMs: number;
  /** Draws a wait, in milliseconds. */
  delayMs(): number;
}

const known = new Set(['baseMs', 'factorMs', 'maxMs', 'random']);
/** Beyond it the bound is `maxMs` for every factor that means anything, and below it nothing overflows. */
const mostDoublings = 900;

/**
 * Waits longer the more attempts have failed in a row: a random time below a bound that doubles with every failure, up to
 * `maxMs`, and no time at all after a success. It never gives an event up.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong, its value and the bound.
 */
export function exponentialBackoff(options: ExponentialBackoffOptions = {}): ExponentialBackoff {
  const { baseMs = 1000, factorMs = 1000, maxMs = 20_000, random = Math.random } = options;
  const problems = unknownOptions(options, known);
  for (const [name, value] of Object.entries({ baseMs, factorMs, maxMs })) {
    if (!(value >= 0 && value < Infinity))
      problems.push(`${name} must be a number of at least 0, got ${String(value)}`);
  }
  if (typeof random !== 'function') problems.push(`random must be a function, got ${typeof random}`);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return new Backoff(baseMs, factorMs, maxMs, random);
}

class Backoff implements ExponentialBackoff {
  readonly #baseMs: number;
  readonly #factorMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(baseMs: number, factorMs: number, maxMs: number, random: () => number) {
    this.#baseMs = baseMs;
    this.#factorMs = factorMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  get failures(): number {
    return this.#failures;
  }

  get boundMs(): number {
    if (this.#failures === 0) return 0;
    return Math.min(this.#maxMs, this.#baseMs + this.#factorMs * 2 ** Math.min(this.#failures - 1, mostDoublings));
  }

  delayMs(): number {
    return this.#random() * this.boundMs;
  }

  async proceed(_event: unknown, { signal }: { readonly signal: AbortSignal }): Promise<RetryAttempt> {
    const ms = this.delayMs();
    if (ms > 0) await pause(ms, signal);
    return this;
  }

  success(): void {
    this.#failures = 0;
  }

  failure(): boolean {
    this.#failures += 1;
    return false;
  }

  abandon(): void {}
}

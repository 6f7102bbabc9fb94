import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import { harmless } from '../internal/done.ts';
import { pause } from '../internal/pause.ts';
import { untilAborted } from '../internal/signals.ts';
import type { RetryAttempt, RetryStrategy } from './retry-strategy.ts';

/** `closed`: attempts are made. `open`: none is. `half_open`: one is, and its end decides. */
export type BreakerState = 'closed' | 'open' | 'half_open';

/** What changed, and when so many attempts had failed in a row. */
export interface BreakerChange {
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly failures: number;
}

/** Options of a {@link Breaker}. */
export interface BreakerOptions {
  /** After so many failures in a row no attempt is made for a while. Default 5. */
  readonly threshold?: number;
  /** For how long, in milliseconds. Default 10,000. */
  readonly backoffMs?: number;
  /** Told of every change of state, once it has happened. */
  readonly onStateChange?: (change: BreakerChange) => void;
}

const known = new Set(['threshold', 'backoffMs', 'onStateChange']);

/**
 * Spares a destination that fails: after `threshold` failures in a row all attempts wait for `backoffMs`. Then exactly
 * one is made, whoever it was that came first, and the others wait for its end: they go on when it succeeded, and wait
 * for `backoffMs` again when it did not. It never gives an event up. What is known of attempts that began before the
 * last change of state is too old to count.
 */
export class Breaker implements RetryStrategy {
  readonly #threshold: number;
  readonly #backoffMs: number;
  readonly #onStateChange: ((change: BreakerChange) => void) | undefined;
  #state: BreakerState = 'closed';
  #failures = 0;
  /** By the monotonic clock, in milliseconds. */
  #openUntil = 0;
  /** Resolves when the one attempt of the half-open state has come to an end. */
  #probe: { readonly ended: Promise<void>; readonly end: () => void } | undefined;
  /** Counts the changes of state. */
  #era = 0;

  /** @throws {InvalidOptionsError} naming every option that is wrong, its value and the bound. */
  constructor(options: BreakerOptions = {}) {
    const { threshold = 5, backoffMs = 10_000, onStateChange } = options;
    const problems = unknownOptions(options, known);
    if (!(Number.isSafeInteger(threshold) && threshold >= 1))
      problems.push(`threshold must be an integer of at least 1, got ${String(threshold)}`);
    if (!(backoffMs >= 0 && backoffMs < Infinity))
      problems.push(`backoffMs must be a number of at least 0, got ${String(backoffMs)}`);
    if (problems.length > 0) throw new InvalidOptionsError(problems);
    this.#threshold = threshold;
    this.#backoffMs = backoffMs;
    this.#onStateChange = onStateChange;
  }

  get state(): BreakerState {
    return this.#state;
  }
  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  proceed(_event: unknown, { signal }: { readonly signal: AbortSignal }): RetryAttempt | Promise<RetryAttempt> {
    return this.#state === 'closed' ? this.#attempt() : this.#wait(signal);
  }

  async #wait(signal: AbortSignal): Promise<RetryAttempt> {
    for (;;) {
      if (signal.aborted) throw signal.reason;
      if (this.#state === 'closed') return this.#attempt();
      if (this.#probe !== undefined) {
        await untilAborted(this.#probe.ended, signal);
        continue;
      }
      const leftMs = this.#state === 'open' ? this.#openUntil - performance.now() : 0;
      if (leftMs <= 0) return this.#probing();
      await pause(leftMs, signal);
    }
  }

  /** Nobody else gets leave before this attempt has ended. */
  #probing(): RetryAttempt {
    if (this.#state !== 'half_open') this.#become('half_open');
    let end: () => void = this.#endProbe;
    const ended = new Promise<void>((resolve) => (end = resolve));
    this.#probe = { ended, end };
    return this.#attempt();
  }

  readonly #endProbe = (): void => {
    const probe = this.#probe;
    this.#probe = undefined;
    probe?.end();
  };

  #attempt(): RetryAttempt {
    const era = this.#era;
    return {
      success: () => {
        if (era === this.#era) this.#succeeded();
      },
      failure: () => {
        if (era === this.#era) this.#failed();
        return false;
      },
      abandon: () => {
        if (era === this.#era) this.#endProbe();
      },
    };
  }

  #succeeded(): void {
    this.#failures = 0;
    if (this.#state === 'half_open') this.#become('closed');
    this.#endProbe();
  }

  #failed(): void {
    this.#failures += 1;
    if (this.#state === 'half_open' || this.#failures >= this.#threshold) {
      this.#openUntil = performance.now() + this.#backoffMs;
      this.#become('open');
    }
    this.#endProbe();
  }

  #become(to: BreakerState): void {
    const change: BreakerChange = Object.freeze({ from: this.#state, to, failures: this.#failures });
    this.#state = to;
    this.#era += 1;
    if (this.#onStateChange !== undefined) harmless(() => this.#onStateChange?.(change));
  }
}

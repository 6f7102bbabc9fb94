import { unref } from './attempt.ts';

/** A longer timer would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * One timer for whatever is due first. It never rings early, goes in stages where the time is longer than a timer can
 * be, and does not keep the process alive.
 */
export class Alarm {
  readonly #ring: () => void;
  #at = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Rings at this time of `performance.now()`, instead of when it was to ring before; never for `Infinity`. */
  set(at: number): void {
    if (at === this.#at) return;
    this.#at = at;
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#at === Infinity) return;
    const ms = Math.ceil(this.#at - performance.now());
    this.#timer = setTimeout(() => this.#wake(), Math.min(Math.max(ms, 0), longestTimerMs));
    unref(this.#timer);
  }

  #wake(): void {
    if (performance.now() < this.#at) {
      this.#arm();
      return;
    }
    this.#at = Infinity;
    this.#timer = undefined;
    this.#ring();
  }
}

import type { Clock, Timer } from '@lockscope/storage';

/** Node's longest timer. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * @internal The moments that one waiter waits for, behind one timer that keeps the process alive: a program that only
 * waits for a lock is not done.
 */
export class WaiterTimer<Moment extends string> {
  readonly #clock: Clock;
  readonly #reached: (moment: Moment) => void;
  readonly #moments = new Map<Moment, number>();
  #timer: Timer | undefined;

  constructor(clock: Clock, reached: (moment: Moment) => void) {
    this.#clock = clock;
    this.#reached = reached;
  }

  /** On the monotonic clock; Infinity for never. */
  set(moment: Moment, at: number): void {
    this.#moments.set(moment, at);
    this.#arm();
  }

  stop(): void {
    this.#moments.clear();
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    const next = Math.min(...this.#moments.values());
    const inMs = Math.min(maxTimerMs, Math.max(0, Math.ceil(next - this.#clock.monotonic())));
    this.#timer = this.#clock.setTimeout(() => this.#fire(), inMs);
  }

  #fire(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    const due = [...this.#moments].filter(([, at]) => at <= now);
    for (const [moment] of due) this.#moments.set(moment, Infinity);
    for (const [moment] of due) {
      if (this.#moments.has(moment)) this.#reached(moment);
    }
    if (this.#timer === undefined && this.#moments.size > 0) this.#arm();
  }
}

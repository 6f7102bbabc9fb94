import type { Clock, Timer } from '@lockscope/storage';

const beatMs = 50;
/** Timers are never quite on time. */
const leastLateMs = 5;
const mostRemembered = 64;

/**
 * @internal How long the event loop was blocked lately: how late a timer runs that beats while somebody has to know. It
 * also counts the beat that should have run by now, because an answer that waited in the socket comes before it.
 */
export class LoopWatch {
  readonly #clock: Clock;
  #watchers = 0;
  #timer: Timer | undefined = undefined;
  #dueAt = Infinity;
  /** Late beats, each worse than all that came after it. */
  #late: { readonly ranAt: number; readonly lateMs: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  join(now: number): void {
    this.#watchers += 1;
    if (this.#timer === undefined) this.#arm(now);
  }

  /** When the last one leaves, there is no timer any more. */
  leave(): void {
    this.#watchers -= 1;
    if (this.#watchers > 0 || this.#timer === undefined) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dueAt = Infinity;
  }

  /** The longest time that it was blocked without a break after `from`, as far as somebody watched; 0 for a moment. */
  worstSince(from: number, now: number): number {
    let worst = Math.min(now - this.#dueAt, now - from);
    for (const { ranAt, lateMs } of this.#late) worst = Math.max(worst, Math.min(lateMs, ranAt - from));
    return worst < leastLateMs ? 0 : worst;
  }

  #arm(now: number): void {
    this.#dueAt = now + beatMs;
    this.#timer = this.#clock.setTimeout(() => this.#beat(), beatMs);
    this.#timer.unref();
  }

  #beat(): void {
    const now = this.#clock.monotonic();
    const lateMs = now - this.#dueAt;
    if (lateMs >= leastLateMs) this.#remember(now, lateMs);
    this.#arm(now);
  }

  #remember(ranAt: number, lateMs: number): void {
    const worse = this.#late.filter((late) => late.lateMs > lateMs);
    this.#late = [...worse.slice(1 - mostRemembered), { ranAt, lateMs }];
  }
}

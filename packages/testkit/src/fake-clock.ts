import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Clock, Timer } from '@lockscope/storage';

/** What a timer of Node can wait at most; it fires at once when it is asked for more. */
const maxDelayMs = 2 ** 31 - 1;

interface Waiting {
  readonly run: () => void;
  readonly dueAt: number;
  readonly order: number;
}

/**
 * A clock that stands still until a test moves it. Two of them in one test are two machines. It also serves as the
 * clock of a `ListenerSet`.
 */
export class FakeClock implements Clock {
  #monotonic = 0;
  #wall: number;
  #order = 0;
  readonly #waiting = new Map<Timer, Waiting>();

  /** @param startAt what `now()` says at first, in epoch milliseconds. Default: 2026-01-01 in UTC. */
  constructor(startAt: number = Date.UTC(2026, 0, 1)) {
    this.#wall = startAt;
  }

  now(): number {
    return this.#wall + this.#monotonic;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** @throws {RangeError} when `ms` is no number, or more than a timer of Node can wait: there it would fire at once. */
  setTimeout(run: () => void, ms: number): Timer {
    if (!(ms <= maxDelayMs)) throw new RangeError(`a timer waits at most ${maxDelayMs} ms, got ${ms}`);
    const timer: Timer = { ref: () => timer, unref: () => timer };
    this.#waiting.set(timer, { run, dueAt: this.#monotonic + Math.max(1, ms), order: (this.#order += 1) });
    return timer;
  }

  clearTimeout(timer: Timer): void {
    this.#waiting.delete(timer);
  }

  /** Timers that wait now: 0 when everything that was started has been cleared or has run. */
  get timers(): number {
    return this.#waiting.size;
  }

  /**
   * Lets `ms` pass: runs every timer that falls due, in order, each at its own time, and lets promises settle before,
   * between and after them. A timer that starts in between and falls due runs as well.
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`advance takes milliseconds of at least 0, got ${ms}`);
    const target = this.#monotonic + ms;
    await settle();
    for (let due = this.#next(target); due !== undefined; due = this.#next(target)) {
      const [timer, { run, dueAt }] = due;
      this.#waiting.delete(timer);
      this.#monotonic = Math.max(this.#monotonic, dueAt);
      run();
      await settle();
    }
    this.#monotonic = Math.max(this.#monotonic, target);
    await settle();
  }

  /** Somebody sets the wall clock: `now()` jumps, timers and `monotonic()` do not notice. */
  stepWall(ms: number): void {
    this.#wall += ms;
  }

  #next(target: number): readonly [Timer, Waiting] | undefined {
    let next: readonly [Timer, Waiting] | undefined;
    for (const entry of this.#waiting) {
      const [, { dueAt, order }] = entry;
      if (dueAt > target) continue;
      if (next === undefined || dueAt < next[1].dueAt || (dueAt === next[1].dueAt && order < next[1].order))
        next = entry;
    }
    return next;
  }
}

/** Two turns of the event loop: promises that hang on promises, and what they put off with `setImmediate`. */
async function settle(): Promise<void> {
  await nextTurn();
  await nextTurn();
}

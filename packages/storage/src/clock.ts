/**
 * A timer that a {@link Clock} started. `unref` lets the process end although it waits, `ref` takes that back: it keeps
 * the process alive as it did at first.
 */
export interface Timer {
  ref(): unknown;
  unref(): unknown;
}

/**
 * Where times come from, so that a test can own time. Everything in Lockscope that waits or measures takes one.
 */
export interface Clock {
  /** Epoch milliseconds, as a person reads them. May step when somebody sets the clock. */
  now(): number;
  /** Milliseconds since any fixed moment. Never goes back, never steps. */
  monotonic(): number;
  /** Calls `run` once, after at least `ms` milliseconds. */
  setTimeout(run: () => void, ms: number): Timer;
  clearTimeout(timer: Timer): void;
}

// Looked up once: the global is a getter that costs as much as the call.
const { performance: monotone } = globalThis;

/** The clock of this process. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => monotone.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

/**
 * A clock whose `now()` starts at the wall clock's time and then follows `monotonic()`. When somebody sets the wall
 * clock forward an hour no lease ends early, and when somebody sets it back none lasts longer.
 */
export function monotoneClock(clock: Clock = systemClock): Clock {
  const anchor = clock.now() - clock.monotonic();
  return {
    now: () => anchor + clock.monotonic(),
    monotonic: () => clock.monotonic(),
    setTimeout: (run, ms) => clock.setTimeout(run, ms),
    clearTimeout: (timer) => clock.clearTimeout(timer),
  };
}

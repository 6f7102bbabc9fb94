import type { Clock } from '@lockscope/storage';
import type { MachineClock } from '../src/index.ts';

/** The clock of a machine that a test owns. */
export function onMachine(clock: Clock, bootId = 'b001'): MachineClock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimeout: (run, ms) => clock.setTimeout(run, ms),
    clearTimeout: (timer) => clock.clearTimeout(timer),
    bootId,
  };
}

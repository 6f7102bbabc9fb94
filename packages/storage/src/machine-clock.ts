import { readFileSync } from 'node:fs';
import { systemClock, type Clock } from './clock.ts';

/** A clock whose `monotonic()` is the same for all processes of a machine, from its start to its end. */
export interface MachineClock extends Clock {
  /**
   * Names the run of the machine that `monotonic()` counts in. Empty where the system does not tell: then a stored time
   * that lies in the future is taken for one of an earlier run.
   */
  readonly bootId: string;
}

let bootId: string | undefined;

/** The clock of this machine: what all its processes agree on, whatever happens to the wall clock. */
export const machineClock: MachineClock = {
  ...systemClock,
  monotonic: () => {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1000 + nanoseconds / 1e6;
  },
  get bootId() {
    return (bootId ??= readBootId());
  },
};

function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

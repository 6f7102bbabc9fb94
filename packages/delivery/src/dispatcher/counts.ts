import type { DispatcherCounters } from './dispatcher.ts';

/** The counters of a dispatcher while it counts. */
export type Counts = { -readonly [Name in keyof DispatcherCounters]: number };

/** All at 0. */
export function zeroCounts(): Counts {
  return {
    accepted: 0,
    refused: 0,
    attempts: 0,
    handled: 0,
    failed: 0,
    timedOut: 0,
    repeated: 0,
    postponed: 0,
    dead: 0,
    dropped: 0,
    hookFaults: 0,
    running: 0,
  };
}

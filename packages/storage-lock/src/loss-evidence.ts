import { PerformanceObserver } from 'node:perf_hooks';

let observing = false;
let totalMs = 0;

/**
 * Milliseconds that garbage collection took in this process since it is counted; undefined until
 * {@link countGarbageCollection} was called.
 */
export function garbageCollectionMs(): number | undefined {
  return observing ? totalMs : undefined;
}

/** Starts to count. Called at the first renewal of a process: who never holds a lock for long pays nothing. */
export function countGarbageCollection(): void {
  if (observing) return;
  observing = true;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) totalMs += duration;
  }).observe({ entryTypes: ['gc'] });
}

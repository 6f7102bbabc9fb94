import type * as PerfHooks from 'node:perf_hooks';

import { describe, expect, it, vi } from 'vitest';

import type { LockLostError } from '../src/index.ts';

const { observers } = vi.hoisted(() => ({ observers: [] as ((durations: readonly number[]) => void)[] }));

// When the collector runs is not for a test to say, so it says itself what the runtime reports.
vi.mock('node:perf_hooks', async (importOriginal) => {
  const original = await importOriginal<typeof PerfHooks>();
  class PerformanceObserver {
    constructor(report: (list: { getEntries(): { duration: number }[] }) => void) {
      observers.push((durations) => report({ getEntries: () => durations.map((duration) => ({ duration })) }));
    }
    observe(): void {}
  }
  return { ...original, PerformanceObserver };
});

const { makeWorld } = await import('./support/world.ts');

function collect(...durations: readonly number[]): void {
  for (const report of observers) report(durations);
}

describe('the evidence of a loss', () => {
  it('has the time in garbage collection since the storage last confirmed the lease, once somebody renews', async () => {
    const { locks, clock, storage } = makeWorld({ leaseMs: 9000 });
    const gcMs = (reason: unknown): number | undefined => (reason as LockLostError).evidence.gcMs;

    const short = await locks.acquire('a');
    await locks.forceRelease('a', { reason: 'test' });
    expect(gcMs(short.signal.reason)).toBeUndefined();
    expect(observers).toHaveLength(0);

    const long = await locks.acquire('a');
    await clock.advance(3000);
    collect(5, 7);
    await clock.advance(3000);
    collect(20, 22);
    await storage.steal('a');
    const young = await locks.acquire('b');
    collect(3);
    await clock.advance(2999);
    await locks.forceRelease('b', { reason: 'test' });
    await clock.advance(1);
    expect(gcMs(long.signal.reason)).toBe(45);
    expect(gcMs(young.signal.reason)).toBe(3);
    expect(observers).toHaveLength(1);
  });
});

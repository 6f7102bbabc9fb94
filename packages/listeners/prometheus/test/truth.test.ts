import { FakeClock, faultyStorage, type FaultyStorage } from '@lockscope/testkit';
import { MemoryStorage, monotoneClock } from '@lockscope/storage';
import { createLocks, type Locks } from '@lockscope/storage-lock';
import * as fc from 'fast-check';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';

import { queued } from '@lockscope/core';

import { prometheus, type PrometheusListener } from '../src/index.ts';
import { parseText } from './text-format.ts';

/** Two processes with real locks over one storage, on one clock, whose metrics are those of one listener. */
class Fleet {
  readonly clock: FakeClock = new FakeClock();
  readonly storage: FaultyStorage = faultyStorage(new MemoryStorage({ clock: monotoneClock(this.clock) }), {
    clock: this.clock,
  });
  readonly listener: PrometheusListener;
  readonly a: Locks;
  readonly b: Locks;

  constructor(make: (listener: PrometheusListener) => Parameters<typeof createLocks>[0]['listeners'] = (one) => [one]) {
    const { clock, storage } = this;
    this.listener = prometheus({ registry: new Registry(), clock });
    const listeners = make(this.listener);
    [this.a, this.b] = [0, 1].map(() =>
      createLocks({ storage, clock, leaseMs: 9000, ...(listeners && { listeners }) }),
    ) as [Locks, Locks];
  }

  /** The sum of all lines with these labels, to the microsecond. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const found = parseText(this.listener.render()).filter(
      (line) => line.name === name && Object.entries(labels).every(([label, value]) => line.labels[label] === value),
    );
    return Math.round(found.reduce((sum, { value }) => sum + value, 0) * 1e6) / 1e6;
  }

  blamed(blocker: string, waiter: string): number {
    const labels = { lock_blocker_operation: blocker, lock_waiter_operation: waiter };
    return this.sum('lock_blocked_time_seconds_total', labels);
  }

  acquires(outcome: string, contended: boolean): number {
    const labels = { lock_outcome: outcome, lock_contended: String(contended) };
    return this.sum('lock_acquire_duration_seconds_count', labels);
  }

  get inFlight(): readonly number[] {
    return [
      'lock_holder_count',
      'lock_waiter_count',
      'lock_hold_oldest_age_seconds',
      'lock_wait_oldest_age_seconds',
    ].map((name) => this.sum(name));
  }

  async close(): Promise<void> {
    const closed = Promise.all([this.a.close(), this.b.close()]);
    await this.clock.advance(60_000);
    await closed;
  }
}

/** A hold that is part of a schedule. */
async function hold(fleet: Fleet, locks: Locks, operation: string, holdMs: number, waitMs?: number): Promise<unknown> {
  return await locks
    .run(
      'orders/42',
      () => new Promise<void>((resolve) => void fleet.clock.setTimeout(resolve, holdMs)),
      waitMs === undefined ? { operation } : { operation, waitMs },
    )
    .catch((error: unknown) => error);
}

describe('the metrics of real locks', () => {
  it('equal the schedule of holds and waits that made them', async () => {
    const fleet = new Fleet();
    const { clock, a, b } = fleet;
    const all = [hold(fleet, a, 'checkout', 300)];
    await clock.advance(100);
    all.push(hold(fleet, b, 'reprice', 500));
    await clock.advance(100);
    all.push(hold(fleet, a, 'refund', 200));
    await clock.advance(50);
    expect(fleet.inFlight).toEqual([1, 2, 0.25, 0.15]);
    await clock.advance(250);
    expect(fleet.inFlight).toEqual([1, 1, 0.2, 0.3]);
    await clock.advance(350);
    expect(fleet.inFlight).toEqual([1, 0, 0.05, 0]);
    all.push(hold(fleet, b, 'poll', 1, 100));
    expect(await b.tryAcquire('orders/42', { operation: 'try' })).toBeUndefined();
    await clock.advance(1000);
    await Promise.all(all);
    expect(fleet.inFlight).toEqual([0, 0, 0, 0]);

    expect(fleet.acquires('acquired', false)).toBe(1);
    expect(fleet.acquires('acquired', true)).toBe(2);
    expect(fleet.acquires('timeout', true)).toBe(1);
    expect(fleet.acquires('not_acquired', true)).toBe(1);
    expect(fleet.sum('lock_acquire_duration_seconds_count')).toBe(5);
    expect(fleet.sum('lock_acquire_duration_seconds_sum')).toBe(0.2 + 0.6 + 0.1);
    expect(fleet.sum('lock_hold_duration_seconds_count', { lock_release_reason: 'released' })).toBe(3);
    expect(fleet.sum('lock_hold_duration_seconds_sum')).toBe(1);
    expect(fleet.blamed('checkout', 'reprice')).toBe(0.2);
    expect(fleet.blamed('checkout', 'refund')).toBe(0.1);
    expect(fleet.blamed('reprice', 'refund')).toBe(0.5);
    expect(fleet.blamed('refund', 'poll')).toBe(0.1);
    expect(fleet.sum('lock_blocked_time_seconds_total')).toBe(0.9);
    expect(fleet.sum('lock_handoff_duration_seconds_count')).toBe(2);
    expect(fleet.sum('lock_handoff_duration_seconds_sum')).toBe(0);
    await fleet.close();
  });

  it('blame for every random schedule as much time as was waited, and leave no gauge up', async () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 80 }),
      holdMs: fc.integer({ min: 1, max: 120 }),
      waitMs: fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined }),
      inB: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 10 }), async (steps) => {
        const fleet = new Fleet();
        const all: Promise<unknown>[] = [];
        for (const [index, { afterMs, holdMs, waitMs, inB }] of steps.entries()) {
          await fleet.clock.advance(afterMs);
          all.push(hold(fleet, inB ? fleet.b : fleet.a, `job-${index % 3}`, holdMs, waitMs));
        }
        await fleet.clock.advance(5000);
        await Promise.all(all);
        const waited = fleet.sum('lock_acquire_duration_seconds_sum', { lock_contended: 'true' });
        expect(fleet.sum('lock_blocked_time_seconds_total')).toBeCloseTo(waited, 5);
        const held = fleet.acquires('acquired', true) + fleet.acquires('acquired', false);
        expect(fleet.sum('lock_hold_duration_seconds_count')).toBe(held);
        const gotIt = steps.length - fleet.acquires('timeout', true) - fleet.acquires('timeout', false);
        expect(held).toBe(gotIt);
        expect(fleet.inFlight).toEqual([0, 0, 0, 0]);
        await fleet.close();
      }),
      { numRuns: 40 },
    );
  });

  it('count deadlocks, and the order in which one owner took locks', async () => {
    const fleet = new Fleet();
    const { a, clock } = fleet;
    const stock = await a.acquire('stock/1', { owner: 'ann' });
    const order = await a.acquire('orders/1', { owner: 'ann' });
    await order.release();
    await stock.release();
    expect(fleet.sum('lock_order_edges_total', { lock_from: 'stock/{id}', lock_to: 'orders/{id}' })).toBe(1);
    expect(fleet.sum('lock_order_edges_total')).toBe(1);
    await clock.advance(1);
    await fleet.close();
  });
});

describe('the gauges of a holder that did not give its lock back', () => {
  const ends: Readonly<Record<string, (fleet: Fleet) => Promise<void>>> = {
    stolen: async ({ storage, clock }) => {
      await storage.steal('orders/42');
      await clock.advance(4000);
    },
    unreachable: async ({ storage, clock }) => {
      for (let n = 0; n < 100; n += 1) storage.failNext('renew');
      await clock.advance(9000);
    },
    forced: async ({ b, clock }) => {
      await b.forceRelease('orders/42', { reason: 'stuck' });
      await clock.advance(4000);
    },
  };

  it.each(Object.entries(ends))('are 0 when it was lost: %s', async (reason, lose) => {
    const fleet = new Fleet();
    const lock = await fleet.a.acquire('orders/42');
    await fleet.clock.advance(0);
    expect(fleet.sum('lock_holder_count')).toBe(1);
    await lose(fleet);
    expect(lock.state).toBe('lost');
    expect(fleet.sum('lock_lease_lost_total', { lock_lost_reason: reason })).toBe(1);
    expect(fleet.sum('lock_lease_lost_total')).toBe(1);
    expect(fleet.sum('lock_hold_duration_seconds_count', { lock_release_reason: 'lost' })).toBe(1);
    expect(fleet.inFlight).toEqual([0, 0, 0, 0]);
    await fleet.close();
  });

  it('are 0 when it is over, also when the listener was taken off or its queue dropped the end', async () => {
    const queues: ReturnType<typeof queued>[] = [];
    const fleet = new Fleet((listener) => {
      queues.push(queued(listener));
      return queues;
    });
    const lock = await fleet.a.acquire('orders/42');
    const waiting = hold(fleet, fleet.b, 'refund', 10);
    await fleet.clock.advance(0);
    await queues[0]?.flush();
    expect([fleet.sum('lock_holder_count'), fleet.sum('lock_waiter_count')]).toEqual([1, 1]);
    await queues[0]?.close();
    await lock.release();
    await fleet.clock.advance(100);
    await waiting;
    expect(fleet.inFlight).toEqual([0, 0, 0, 0]);
    await fleet.close();
  });
});

describe('a registry in trouble', () => {
  it('costs no lock anything: it throws, hangs or is cleared while it is scraped', async () => {
    const registry = new Registry();
    let collected = 0;
    const trouble = [
      () => {
        throw new Error('mine');
      },
      () => new Promise<never>(() => {}),
    ];
    const clock = new FakeClock();
    const listener = prometheus({ registry, clock });
    registry.registerMetric({ name: 'trouble', get: () => trouble[(collected += 1) % 2]?.() } as never);
    const faults: unknown[] = [];
    const locks = createLocks({
      storage: new MemoryStorage({ clock: monotoneClock(clock) }),
      clock,
      listeners: [listener],
      onListenerError: (fault) => void faults.push(fault),
    });
    const tokens: number[] = [];
    for (let n = 0; n < 50; n += 1) {
      registry.metrics().catch(() => {});
      if (n === 25) registry.clear();
      await locks.run('orders/42', async (lock) => void tokens.push(lock.fencingToken));
    }
    expect(collected).toBeGreaterThan(20);
    expect(tokens).toEqual(tokens.toSorted((one, two) => one - two));
    expect(new Set(tokens).size).toBe(50);
    expect(faults).toEqual([]);
    expect(listener.render()).toMatch(/lock_hold_duration_seconds_count\{.*\} 50\n/);
    await locks.close();
  });
});

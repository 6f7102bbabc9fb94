import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Blocker } from '@lockscope/core';

import { begun, FakeProcess, possession } from './fake-process.ts';

const checkout: Blocker = { ownerId: 'a', operation: 'POST /checkout' };
const reprice: Blocker = { ownerId: 'b', operation: 'cron:reprice' };
const unnamed: Blocker = { ownerId: 'c' };

/** A wait in which the holders follow each other, each seen so many milliseconds after the one before. */
function wait(
  app: FakeProcess,
  seen: readonly (readonly [afterMs: number, blocker: Blocker])[],
  restMs: number,
  { operation = 'GET /order', handoffMs }: { operation?: string; handoffMs?: number } = {},
): number {
  const lock = app.begin({ operation });
  const acquire = begun(lock.child('lock.acquire'));
  let waitMs = 0;
  let previous: Blocker | undefined;
  for (const [afterMs, blocker] of seen) {
    app.clock.pass(afterMs);
    waitMs += afterMs;
    if (previous === undefined) acquire.action('acquire.contended', { blocker });
    else acquire.action('acquire.blocker_changed', { previous, blocker });
    previous = blocker;
  }
  app.clock.pass(restMs);
  waitMs += restMs;
  acquire.action('acquire.handed_over', { via: 'polled', ...(handoffMs !== undefined && { handoffMs }) });
  acquire.end('acquired', {
    details: { attempts: 3, waitMs, contended: true, ...(previous !== undefined && { blocker: previous }) },
  });
  lock.end('released', { details: possession({ holdMs: 1 }) });
  return waitMs;
}

function blamed(app: FakeProcess, blocker: string, waiter = 'GET /order'): Promise<number | undefined> {
  const labels = { lock_name: 'orders/{id}', lock_blocker_operation: blocker, lock_waiter_operation: waiter };
  return app.value('lock_blocked_time_seconds_total', labels);
}

describe('blocked time', () => {
  it('is charged to what each holder was doing, for as long as that holder stood in the way', async () => {
    const app = new FakeProcess();
    wait(
      app,
      [
        [10, checkout],
        [200, reprice],
        [300, checkout],
      ],
      490,
    );
    expect(await blamed(app, 'POST /checkout')).toBe(0.7);
    expect(await blamed(app, 'cron:reprice')).toBe(0.3);
  });

  it('is charged to the only holder, from the request on', async () => {
    const app = new FakeProcess();
    wait(app, [[50, checkout]], 1950);
    wait(app, [[50, checkout]], 950, { operation: 'cron:reprice' });
    expect(await blamed(app, 'POST /checkout')).toBe(2);
    expect(await blamed(app, 'POST /checkout', 'cron:reprice')).toBe(1);
  });

  it('is charged to unknown when nobody told what the holder or the waiter was doing', async () => {
    const app = new FakeProcess();
    wait(app, [[1, unnamed]], 99);
    const lock = app.begin();
    const acquire = begun(lock.child('lock.acquire'));
    acquire.end('timeout', { details: { attempts: 1, waitMs: 250, contended: true } });
    lock.end('timeout', { details: possession() });
    expect(await blamed(app, 'unknown')).toBe(0.1);
    expect(await blamed(app, 'unknown', 'unknown')).toBe(0.25);
  });

  it('goes to the last holder that was seen when no action told', async () => {
    const app = new FakeProcess();
    const lock = app.begin({ operation: 'GET /order' });
    const details = { attempts: 9, waitMs: 800, contended: true, blocker: reprice };
    begun(lock.child('lock.acquire')).end('timeout', { details });
    lock.end('timeout', { details: possession() });
    expect(await blamed(app, 'cron:reprice')).toBe(0.8);
  });

  it('is charged to _handoff for as long as the lock was free and the waiter did not know', async () => {
    const app = new FakeProcess();
    wait(app, [[10, checkout]], 90, { handoffMs: 30 });
    expect(await blamed(app, 'POST /checkout')).toBe(0.07);
    expect(await blamed(app, '_handoff')).toBe(0.03);
  });

  it('charges nobody when the lock was free', async () => {
    const app = new FakeProcess();
    app.cycle({ waitMs: 40 });
    expect(await app.sum('lock_blocked_time_seconds_total')).toBe(0);
  });

  it('adds up to the time that was waited, whatever happened meanwhile', async () => {
    const seen = fc.array(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.constantFrom(checkout, reprice, unnamed)), {
      maxLength: 12,
    });
    const handoff = fc.option(fc.integer({ min: 0, max: 9000 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(seen, fc.nat(5000), handoff), { maxLength: 8 }), async (waits) => {
        const app = new FakeProcess();
        let waitedMs = 0;
        for (const [blockers, restMs, handoffMs] of waits) {
          waitedMs += wait(app, blockers, restMs, handoffMs === undefined ? {} : { handoffMs });
        }
        expect(await app.sum('lock_blocked_time_seconds_total')).toBeCloseTo(waitedMs / 1000, 9);
      }),
      { numRuns: 200 },
    );
  });
});

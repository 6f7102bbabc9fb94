import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { waitSegmentKinds, type Blocker, type EventDetails, type WaitSegment } from '@lockscope/core';

import { begun, FakeProcess, possession } from './fake-process.ts';

const checkout: Blocker = { ownerId: 'a', operation: 'POST /checkout' };
const reprice: Blocker = { ownerId: 'b', operation: 'cron:reprice' };

/** A contended acquire of which the process told the parts. */
function wait(
  app: FakeProcess,
  segments: readonly WaitSegment[] | undefined,
  more: Partial<EventDetails['lock.acquire']> & { readonly outcome?: 'acquired' | 'timeout' | 'deadlock' } = {},
): void {
  const { outcome = 'acquired', ...details } = more;
  const lock = app.begin({ operation: 'GET /order' });
  const waitMs = details.waitMs ?? segments?.reduce((sum, { ms }) => sum + ms, 0) ?? 0;
  begun(lock.child('lock.acquire')).end(outcome, {
    details: { attempts: 2, contended: true, ...(segments && { segments }), ...details, waitMs },
  });
  if (outcome === 'acquired') lock.end('released', { details: possession({ holdMs: 1 }) });
  else lock.end(outcome, { details: possession() });
}

const blamed = (app: FakeProcess, blocker: string): Promise<number> =>
  app.sum('lock_blocked_time_seconds_total', { lock_blocker_operation: blocker });

describe('blocked time, where the process tells the parts of its waits', () => {
  it('is charged part by part: to what holders did, and to what else was waited for', async () => {
    const app = new FakeProcess();
    wait(app, [
      { kind: 'local_queue', ms: 5 },
      { kind: 'held_by', ms: 100, blocker: checkout },
      { kind: 'handoff', ms: 20 },
      { kind: 'held_by', ms: 200, blocker: reprice },
      { kind: 'held_by', ms: 50, blocker: { ownerId: 'c' } },
      { kind: 'backoff', ms: 30 },
      { kind: 'held_by', ms: 300, blocker: checkout },
      { kind: 'store', ms: 7 },
    ]);
    expect(await blamed(app, 'POST /checkout')).toBe(0.4);
    expect(await blamed(app, 'cron:reprice')).toBe(0.2);
    expect(await blamed(app, 'unknown')).toBe(0.05);
    expect(await blamed(app, '_handoff')).toBe(0.02);
    expect(await blamed(app, '_backoff')).toBe(0.03);
    expect(await blamed(app, '_store')).toBe(0.007);
    expect(await blamed(app, '_local')).toBe(0.005);
    expect(await app.sum('lock_blocked_time_seconds_total')).toBe(0.712);
  });

  it('adds up to the time that was waited, whatever the parts are said to be', async () => {
    const segment = fc.record(
      {
        kind: fc.constantFrom(...waitSegmentKinds, 'of another version' as 'store', 'constructor' as 'store'),
        ms: fc.oneof(fc.double({ min: 0, max: 5000, noNaN: true }), fc.constantFrom(-1, Number.NaN, Infinity)),
        blocker: fc.constantFrom(checkout, reprice),
      },
      { requiredKeys: ['kind', 'ms'] },
    );
    const waits = fc.array(fc.tuple(fc.array(segment, { maxLength: 8 }), fc.nat(20_000)), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(waits, async (given) => {
        const app = new FakeProcess();
        for (const [segments, waitMs] of given) wait(app, segments, { waitMs });
        const waitedMs = given.reduce((sum, [, waitMs]) => sum + waitMs, 0);
        expect(await app.sum('lock_blocked_time_seconds_total')).toBeCloseTo(waitedMs / 1000, 9);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the histogram of hand-overs', () => {
  const line = (app: FakeProcess, what: 'sum' | 'count'): Promise<number> =>
    app.sum(`lock_handoff_duration_seconds_${what}`);

  it('has the time for which the lock was free, once for each wait that got it', async () => {
    const app = new FakeProcess();
    wait(app, [
      { kind: 'held_by', ms: 100, blocker: checkout },
      { kind: 'handoff', ms: 20 },
      { kind: 'held_by', ms: 200, blocker: reprice },
      { kind: 'handoff', ms: 3 },
    ]);
    wait(app, [{ kind: 'handoff', ms: 40 }], { outcome: 'timeout' });
    expect(await line(app, 'count')).toBe(1);
    expect(await line(app, 'sum')).toBe(0.023);
  });

  it('has a hand-over that took no time, and none where nobody told', async () => {
    const app = new FakeProcess();
    wait(app, [{ kind: 'backoff', ms: 100 }]);
    expect(await line(app, 'count')).toBe(0);
    const lock = app.begin();
    const acquire = begun(lock.child('lock.acquire'));
    acquire.action('acquire.handed_over', { via: 'local', handoffMs: 0 });
    const segments: WaitSegment[] = [{ kind: 'held_by', ms: 9, blocker: checkout }];
    acquire.end('acquired', { details: { attempts: 1, waitMs: 9, contended: true, segments } });
    lock.end('released', { details: possession({ holdMs: 1 }) });
    expect(await line(app, 'count')).toBe(1);
    expect(await line(app, 'sum')).toBe(0);
  });
});

describe('deadlocks and refused tokens', () => {
  it('are counted for the name, which has them at 0 from the start', async () => {
    const app = new FakeProcess({ names: ['stock/{id}'] });
    const name = { lock_name: 'orders/{id}' };
    for (const metric of ['lock_deadlocks_total', 'lock_fencing_rejected_total'])
      expect(await app.value(metric, { lock_name: 'stock/{id}' })).toBe(0);
    app.cycle();
    for (const metric of ['lock_deadlocks_total', 'lock_fencing_rejected_total'])
      expect(await app.value(metric, name)).toBe(0);
    wait(app, [{ kind: 'held_by', ms: 10, blocker: checkout }], { outcome: 'deadlock' });
    wait(app, [{ kind: 'held_by', ms: 10, blocker: checkout }], { outcome: 'timeout' });
    expect(await app.value('lock_deadlocks_total', name)).toBe(1);
    for (let n = 0; n < 3; n += 1) {
      const rejected = app.set.begin('fence.rejected', { lockName: 'orders/{id}', lockKey: `orders/${n}` });
      begun(rejected).end('rejected', { details: { fencingToken: n, resource: 'table' } });
    }
    expect(await app.value('lock_fencing_rejected_total', name)).toBe(3);
  });
});

describe('the order of names', () => {
  const edge = (app: FakeProcess, from: string, to: string): Promise<number | undefined> =>
    app.value('lock_order_edges_total', { lock_from: from, lock_to: to });

  it('is counted for each acquire of one while another is held, whatever became of it', async () => {
    const app = new FakeProcess();
    wait(app, [{ kind: 'store', ms: 1 }], { holding: ['stock/{id}', 'stock/{id}', 'carts/{id}'] });
    wait(app, undefined, { holding: ['stock/{id}'], outcome: 'deadlock' });
    wait(app, undefined, { holding: ['stock/{id}'], outcome: 'timeout', contended: false });
    expect(await edge(app, 'stock/{id}', 'orders/{id}')).toBe(3);
    expect(await edge(app, 'carts/{id}', 'orders/{id}')).toBe(1);
    expect(await edge(app, 'orders/{id}', 'stock/{id}')).toBeUndefined();
  });

  it('has no edge from a name to itself: which of two orders comes first is not in their name', async () => {
    const app = new FakeProcess();
    wait(app, undefined, { holding: ['orders/{id}'] });
    expect(await app.sum('lock_order_edges_total')).toBe(0);
  });

  it('has a cap of its own, beyond which edges are counted under _other', async () => {
    const app = new FakeProcess({ caps: { orderEdges: 3 } });
    for (let n = 0; n < 10; n += 1) wait(app, undefined, { holding: [`name-${n}`] });
    expect(await app.sum('lock_order_edges_total')).toBe(10);
    expect(await edge(app, '_other', '_other')).toBe(7);
    expect(await app.value('lockscope_series_overflow_total', { reason: 'order_edges' })).toBe(7);
  });

  it('keeps to the cap of names', async () => {
    const app = new FakeProcess({ caps: { names: 2 } });
    for (let n = 0; n < 10; n += 1) wait(app, undefined, { holding: [`name-${n}`] });
    expect(await app.sum('lock_order_edges_total')).toBe(10);
    expect(await edge(app, '_other', 'orders/{id}')).toBe(9);
    expect(await app.value('lockscope_series_overflow_total', { reason: 'names' })).toBe(9);
  });
});

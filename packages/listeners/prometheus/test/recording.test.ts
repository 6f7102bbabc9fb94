import { describe, expect, it } from 'vitest';

import { begun, FakeProcess, possession } from './fake-process.ts';

const name = { lock_name: 'orders/{id}' };
const series = { ...name, lock_system: 'redis' };
const acquired = { ...series, lock_mode: 'exclusive', lock_outcome: 'acquired', lock_contended: 'false' };

describe('what a scrape says of acquires', () => {
  it('has every acquire in the bucket of its wait, with exact sum and count', async () => {
    const app = new FakeProcess();
    for (const waitMs of [1, 1.5, 10, 60_000, 60_001, 0]) app.cycle({ waitMs });
    const bucket = (le: string): Promise<number | undefined> =>
      app.value('lock_acquire_duration_seconds_bucket', { ...acquired, le });
    expect(await bucket('0.001')).toBe(2);
    expect(await bucket('0.005')).toBe(3);
    expect(await bucket('0.01')).toBe(4);
    expect(await bucket('30')).toBe(4);
    expect(await bucket('60')).toBe(5);
    expect(await bucket('+Inf')).toBe(6);
    expect(await app.value('lock_acquire_duration_seconds_count', acquired)).toBe(6);
    expect(await app.value('lock_acquire_duration_seconds_sum', acquired)).toBe(120.0135);
  });

  it('adds whole milliseconds without a rounding error', async () => {
    const app = new FakeProcess();
    for (let n = 0; n < 1000; n += 1) app.cycle({ waitMs: 100, holdMs: 100 });
    expect(await app.value('lock_acquire_duration_seconds_sum', acquired)).toBe(100);
  });

  it('tells outcome, contention and mode apart', async () => {
    const app = new FakeProcess();
    const lock = app.begin({ mode: 'semaphore' });
    const acquire = begun(lock.child('lock.acquire'));
    acquire.end('timeout', { details: { attempts: 3, waitMs: 500, contended: true } });
    lock.end('timeout', { details: possession({ contended: true, waitMs: 500 }) });
    const labels = { ...series, lock_mode: 'semaphore', lock_outcome: 'timeout', lock_contended: 'true' };
    expect(await app.value('lock_acquire_duration_seconds_sum', labels)).toBe(0.5);
    expect(await app.value('lock_acquire_duration_seconds_count', labels)).toBe(1);
    expect(await app.sum('lock_hold_duration_seconds_count')).toBe(0);
    expect(await app.sum('lock_holder_count')).toBe(0);
  });

  it('counts every question to the storage, those too that no action was recorded for', async () => {
    const app = new FakeProcess();
    const ended = (outcome: 'acquired' | 'timeout' | 'error' | 'not_acquired' | 'aborted', attempts: number): void => {
      const lock = app.begin();
      const acquire = begun(lock.child('lock.acquire'));
      acquire.action('acquire.attempt', { attempt: 1, result: 'busy' });
      acquire.end(outcome, { details: { attempts, waitMs: 1, contended: attempts > 1 } });
      lock.end(outcome === 'acquired' ? 'released' : outcome, { details: possession() });
    };
    ended('acquired', 7);
    ended('timeout', 5);
    ended('error', 4);
    ended('not_acquired', 1);
    ended('aborted', 0);
    const attempts = (result: string): Promise<number | undefined> =>
      app.value('lock_acquire_attempts_total', { ...series, lock_attempt_result: result });
    expect(await attempts('acquired')).toBe(1);
    expect(await attempts('busy')).toBe(6 + 5 + 3 + 1);
    expect(await attempts('error')).toBe(1);
  });

  it('takes the length of the event when an instrument gives no details', async () => {
    const app = new FakeProcess();
    const lock = app.begin();
    const acquire = begun(lock.child('lock.acquire'));
    app.clock.pass(40);
    acquire.end('acquired');
    lock.end('released');
    expect(await app.value('lock_acquire_duration_seconds_sum', acquired)).toBe(0.04);
    expect(await app.value('lock_holder_count', series)).toBe(0);
  });

  it('calls the storage unknown when nobody named it', async () => {
    const app = new FakeProcess();
    const lock = begun(app.set.begin('lock', { lockName: 'jobs', lockKey: 'jobs' }));
    begun(lock.child('lock.acquire')).end('acquired', { details: { attempts: 1, waitMs: 1, contended: false } });
    lock.end('released', { details: possession({ holdMs: 1 }) });
    const labels = { ...acquired, lock_name: 'jobs', lock_system: 'unknown' };
    expect(await app.value('lock_acquire_duration_seconds_count', labels)).toBe(1);
  });
});

describe('what a scrape says of possessions', () => {
  it('has the time from the grant to the end, by how it ended', async () => {
    const app = new FakeProcess();
    for (const [outcome, holdMs] of [
      ['released', 20],
      ['released', 4000],
      ['lost', 31_000],
      ['release_failed', 7],
    ] as const) {
      const lock = app.hold();
      lock.end(outcome, { details: possession({ holdMs }) });
    }
    const held = { ...series, lock_mode: 'exclusive' };
    const sum = (reason: string): Promise<number | undefined> =>
      app.value('lock_hold_duration_seconds_sum', { ...held, lock_release_reason: reason });
    expect(await sum('released')).toBe(4.02);
    expect(await sum('lost')).toBe(31);
    expect(await sum('release_failed')).toBe(0.007);
    const bucket = { ...held, lock_release_reason: 'released', le: '0.05' };
    expect(await app.value('lock_hold_duration_seconds_bucket', bucket)).toBe(1);
  });

  it('counts losses by reason, and has all reasons at 0 as soon as a name is seen', async () => {
    const app = new FakeProcess();
    const lock = app.hold();
    const lost = (reason: string): Promise<number | undefined> =>
      app.value('lock_lease_lost_total', { ...series, lock_lost_reason: reason });
    expect(await lost('expired')).toBe(0);
    expect(await lost('stolen')).toBe(0);
    const evidence = { sinceConfirmedMs: 1, eventLoopDelayMs: 0, failedRenewals: 0, renewalPending: false };
    begun(lock.child('lease.lost')).end('lost', { details: { reason: 'stolen', fencingToken: 1, evidence } });
    expect(await lost('expired')).toBe(0);
    expect(await lost('stolen')).toBe(1);
  });

  it('has renewals with their outcome, and how much of the lease was gone when they landed', async () => {
    const app = new FakeProcess();
    const lock = app.hold();
    const renew = (outcome: 'renewed' | 'failed', tookMs: number, utilization: number): void => {
      const event = begun(lock.child('lease.renew'));
      app.clock.pass(tookMs);
      event.end(outcome, { details: { utilization, roundTripMs: tookMs, failures: 0 } });
    };
    renew('renewed', 4, 0.34);
    renew('renewed', 6, 0.9);
    renew('failed', 1000, 0.5);
    expect(await app.value('lock_renew_duration_seconds_sum', { ...series, lock_outcome: 'renewed' })).toBe(0.01);
    expect(await app.value('lock_renew_duration_seconds_count', { ...series, lock_outcome: 'failed' })).toBe(1);
    expect(await app.value('lock_lease_utilization_count', series)).toBe(2);
    expect(await app.value('lock_lease_utilization_bucket', { ...series, le: '0.33' })).toBe(0);
    expect(await app.value('lock_lease_utilization_bucket', { ...series, le: '0.9' })).toBe(2);
    expect(await app.value('lock_lease_utilization_sum', series)).toBeCloseTo(1.24, 12);
  });
});

describe('what a scrape says of the storage and of listeners', () => {
  it('has each storage operation with its error, and none for what was refused', async () => {
    const app = new FakeProcess();
    const lock = app.begin();
    const acquire = begun(lock.child('lock.acquire'));
    const call = (outcome: 'ok' | 'error' | 'abandoned', error?: unknown): void => {
      const event = begun(acquire.child('storage.acquire'));
      app.clock.pass(3);
      event.end(outcome, { ...(error !== undefined && { error }), details: { refused: true } });
    };
    call('ok');
    call('ok');
    call('error', Object.assign(new Error('no route'), { code: 'ECONNREFUSED' }));
    call('error', new TypeError('odd'));
    call('error');
    call('abandoned');
    const sum = (errorType: string): Promise<number | undefined> =>
      app.value('lock_store_operation_duration_seconds_sum', {
        lock_system: 'redis',
        lock_store_operation: 'acquire',
        error_type: errorType,
      });
    expect(await sum('')).toBe(0.006);
    expect(await sum('ECONNREFUSED')).toBe(0.003);
    expect(await sum('TypeError')).toBe(0.003);
    expect(await sum('error')).toBe(0.003);
    expect(await sum('abandoned')).toBe(0.003);
  });

  it('has the operations of every kind of storage call', async () => {
    const app = new FakeProcess();
    begun(app.set.begin('lock.inspect', { lockName: 'a', lockKey: 'a', storageName: 'sqlite' }))
      .child('storage.read')
      ?.end('ok');
    begun(app.set.begin('lock.force_release', { lockName: 'a', lockKey: 'a', storageName: 'sqlite' }))
      .child('storage.force_release')
      ?.end('ok');
    const lines = await app.lines();
    const counts = lines.filter((line) => line.name === 'lock_store_operation_duration_seconds_count');
    expect(counts.map(({ labels }) => labels['lock_store_operation'])).toEqual(['read', 'force_release']);
  });

  it('counts the faults of the other listeners', async () => {
    const app = new FakeProcess();
    app.set.add(function broken() {
      throw new Error('mine');
    });
    const failing = app.set.stats().at(-1)?.name ?? '';
    app.cycle();
    const faults = app.set.stats().at(-1)?.faults;
    expect(faults).toBeGreaterThan(0);
    expect(app.listener.render()).toContain(`lockscope_listener_errors_total{listener="${failing}"} ${faults}\n`);
  });
});

describe('what records from elsewhere can hold', () => {
  it('never makes a sum NaN, negative or endless', async () => {
    const app = new FakeProcess();
    for (const waitMs of [Number.NaN, -5, Infinity, 'soon' as unknown as number]) {
      const lock = app.begin();
      const acquire = begun(lock.child('lock.acquire'));
      acquire.action('acquire.contended', { blocker: { ownerId: 'a', operation: 'x' } });
      acquire.end('acquired', { details: { attempts: waitMs, waitMs, contended: true } });
      lock.end('released', { details: possession({ holdMs: waitMs }) });
    }
    for (const { value } of await app.lines()) expect(value).toBeGreaterThanOrEqual(0);
    expect(await app.value('lock_acquire_duration_seconds_count', { ...acquired, lock_contended: 'true' })).toBe(4);
    expect(await app.value('lock_acquire_duration_seconds_sum', { ...acquired, lock_contended: 'true' })).toBe(0);
    expect(await app.sum('lock_blocked_time_seconds_total')).toBe(0);
  });

  it('folds an outcome that the catalogue does not know, and counts it', async () => {
    const app = new FakeProcess();
    const lock = app.begin();
    begun(lock.child('lock.acquire')).end('teleported' as 'acquired', {
      details: { attempts: 1, waitMs: 1, contended: false },
    });
    expect(await app.value('lock_acquire_duration_seconds_count', { ...acquired, lock_outcome: '_other' })).toBe(1);
    expect(await app.value('lockscope_series_overflow_total', { reason: 'unknown_values' })).toBe(1);
  });
});

describe('an own set of bounds', () => {
  it('takes the place of those of the catalogue', async () => {
    const app = new FakeProcess({ buckets: { 'lock.hold.duration': [0.57, 60] } });
    for (const holdMs of [570, 571, 61_000]) {
      const lock = app.hold();
      lock.end('released', { details: possession({ holdMs }) });
    }
    const held = {
      lock_name: 'orders/{id}',
      lock_system: 'redis',
      lock_mode: 'exclusive',
      lock_release_reason: 'released',
    };
    const bucket = (le: string): Promise<number | undefined> =>
      app.value('lock_hold_duration_seconds_bucket', { ...held, le });
    expect([await bucket('0.57'), await bucket('60'), await bucket('+Inf')]).toEqual([1, 2, 3]);
    expect(await app.value('lock_hold_duration_seconds_bucket', { ...held, le: '5' })).toBeUndefined();
  });
});

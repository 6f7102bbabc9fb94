import { describe, expect, it } from 'vitest';

import { begun, FakeProcess, possession } from './fake-process.ts';

const overflow = (app: FakeProcess, reason: string): Promise<number | undefined> =>
  app.value('lockscope_series_overflow_total', { reason });

function contend(app: FakeProcess, waiter: string, blocker: string, waitMs = 10): void {
  const lock = app.begin({ operation: waiter });
  const acquire = begun(lock.child('lock.acquire'));
  acquire.action('acquire.contended', { blocker: { ownerId: 'o', operation: blocker } });
  app.clock.pass(waitMs);
  acquire.end('timeout', { details: { attempts: 1, waitMs, contended: true } });
  lock.end('timeout', { details: possession() });
}

describe('lock keys', () => {
  it('never become a label: 100,000 keys of one name are one series', async () => {
    const app = new FakeProcess();
    for (let key = 0; key < 100_000; key += 1) app.cycle({ lockKey: `orders/${key}` });
    const lines = await app.lines();
    const counts = lines.filter(({ name }) => name === 'lock_acquire_duration_seconds_count');
    expect(counts).toHaveLength(1);
    expect(counts[0]?.value).toBe(100_000);
    expect(lines.length).toBeLessThan(100);
    for (const { labels } of lines) for (const value of Object.values(labels)) expect(value).not.toMatch(/orders\/\d/);
  });
});

describe('beyond the cap of names', () => {
  it('everything is counted under _other, and counted as folded; nothing is lost and nothing twice', async () => {
    const app = new FakeProcess({ caps: { names: 5 } });
    for (let n = 0; n < 500; n += 1) app.cycle({ lockName: `name-${n % 50}` });
    const other = { lock_name: '_other' };
    expect(await app.sum('lock_acquire_duration_seconds_count')).toBe(500);
    expect(await app.sum('lock_hold_duration_seconds_count')).toBe(500);
    expect(await app.sum('lock_acquire_attempts_total')).toBe(500);
    expect(await app.sum('lock_acquire_duration_seconds_count', other)).toBe(450);
    expect(await app.sum('lock_hold_duration_seconds_count', other)).toBe(450);
    expect(await app.sum('lock_holder_count')).toBe(0);
    expect(await overflow(app, 'names')).toBe(900);
    const names = new Set((await app.lines()).map(({ labels }) => labels['lock_name']));
    expect(names).toEqual(new Set([undefined, '_other', 'name-0', 'name-1', 'name-2', 'name-3', 'name-4']));
  });

  it('a contended acquire counts as folded once, not for each thing that it records', async () => {
    const app = new FakeProcess({ caps: { names: 1 } });
    app.cycle({ lockName: 'first' });
    contend(app, 'a', 'b');
    expect(await overflow(app, 'names')).toBe(1);
    expect(await app.sum('lock_waiter_count')).toBe(0);
    expect(await app.sum('lock_blocked_time_seconds_total', { lock_name: '_other' })).toBe(0.01);
  });

  it('a declared name still has its own series', async () => {
    const app = new FakeProcess({ caps: { names: 1 }, names: ['orders/{id}', 'jobs'] });
    app.cycle();
    app.cycle({ lockName: 'jobs' });
    app.cycle({ lockName: 'third' });
    expect(await app.sum('lock_acquire_duration_seconds_count', { lock_name: 'jobs' })).toBe(1);
    expect(await app.sum('lock_acquire_duration_seconds_count', { lock_name: '_other' })).toBe(1);
  });

  it('keeps nothing of the names that it folds', () => {
    const app = new FakeProcess({ caps: { names: 10 } });
    for (let n = 0; n < 1000; n += 1) app.cycle({ lockName: `name-${n}` });
    const length = app.listener.render().length;
    for (let n = 1000; n < 2000; n += 1) app.cycle({ lockName: `name-${n}` });
    // Counts have more digits than before, that is all.
    expect(app.listener.render().length - length).toBeLessThan(200);
  });
});

describe('beyond the caps of operations', () => {
  it('waiters and blockers share the room; time stays additive', async () => {
    const app = new FakeProcess({ caps: { operations: 4 } });
    for (let n = 0; n < 20; n += 1) contend(app, `waiter-${n}`, `blocker-${n}`);
    expect(await app.sum('lock_blocked_time_seconds_total')).toBe(0.2);
    expect(await app.sum('lock_blocked_time_seconds_total', { lock_blocker_operation: '_other' })).toBe(0.18);
    expect(await overflow(app, 'operations')).toBe(18);
    const lines = (await app.lines()).filter(({ name }) => name === 'lock_blocked_time_seconds_total');
    expect(lines).toHaveLength(3);
  });

  it('what is unknown or free takes no room', async () => {
    const app = new FakeProcess({ caps: { operations: 2 } });
    for (const operation of ['unknown', '_handoff', 'a', 'b']) contend(app, operation, operation);
    expect(await overflow(app, 'operations')).toBe(0);
    contend(app, 'c', 'a');
    expect(await overflow(app, 'operations')).toBe(1);
  });

  it('pairs have a cap of their own, and keep the name of the lock', async () => {
    const app = new FakeProcess({ caps: { blamePairs: 3 } });
    for (let n = 0; n < 10; n += 1) for (let m = 0; m < 10; m += 1) contend(app, `waiter-${n}`, `blocker-${m}`);
    const folded = {
      lock_name: 'orders/{id}',
      lock_blocker_operation: '_other',
      lock_waiter_operation: '_other',
    };
    expect(await app.sum('lock_blocked_time_seconds_total')).toBe(1);
    expect(await app.value('lock_blocked_time_seconds_total', folded)).toBe(0.97);
    expect(await overflow(app, 'blame_pairs')).toBe(97);
    expect(await overflow(app, 'operations')).toBe(0);
  });
});

describe('beyond the other caps', () => {
  it('kinds of storage, error types and names of listeners are folded too', async () => {
    const app = new FakeProcess({ caps: { systems: 1, errorTypes: 1, listeners: 1 } });
    const lock = app.begin();
    const acquire = begun(lock.child('lock.acquire'));
    for (const code of ['E1', 'E2', 'E3']) {
      begun(acquire.child('storage.acquire')).end('error', { error: Object.assign(new Error('no'), { code }) });
    }
    begun(acquire.child('storage.acquire')).end('ok');
    app.cycle({ storageName: 'second' });
    for (const listener of ['x', 'y']) app.listener.onFault?.({ listener, phase: 'on', error: 0, count: 1 });
    const count = 'lock_store_operation_duration_seconds_count';
    expect(await app.sum(count, { error_type: '_other' })).toBe(2);
    expect(await app.sum(count, { error_type: '' })).toBe(1);
    expect(await app.sum('lock_hold_duration_seconds_count', { lock_system: '_other' })).toBe(1);
    expect(await app.value('lockscope_listener_errors_total', { listener: '_other' })).toBe(1);
    expect(await overflow(app, 'error_types')).toBe(2);
    expect(await overflow(app, 'listeners')).toBe(1);
    expect(await overflow(app, 'systems')).toBe(2);
  });

  it('says 0 for every reason from the start', async () => {
    const lines = (await new FakeProcess().lines()).filter(({ name }) => name === 'lockscope_series_overflow_total');
    expect(lines.map(({ labels, value }) => [labels['reason'], value])).toEqual([
      ['names', 0],
      ['systems', 0],
      ['operations', 0],
      ['error_types', 0],
      ['listeners', 0],
      ['blame_pairs', 0],
      ['order_edges', 0],
      ['unknown_values', 0],
    ]);
  });
});

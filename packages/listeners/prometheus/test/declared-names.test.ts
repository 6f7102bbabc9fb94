import { describe, expect, it } from 'vitest';

import { begun, FakeProcess } from './fake-process.ts';

const outcomes = [
  'acquired false',
  'acquired true',
  'not_acquired false',
  'not_acquired true',
  'timeout false',
  'timeout true',
  'aborted false',
  'aborted true',
  'deadlock false',
  'error false',
  'error true',
];

async function zeros(app: FakeProcess, name: string, label: string): Promise<string[]> {
  const lines = (await app.lines()).filter((line) => line.name === name && line.labels['lock_name'] === 'orders/{id}');
  for (const { value } of lines) expect(value).toBe(0);
  return lines.map(({ labels }) => labels[label] ?? '');
}

async function zeroOutcomes(app: FakeProcess, system: string): Promise<string[]> {
  const lines = (await app.lines()).filter(
    ({ name, labels }) =>
      name === 'lock_acquire_duration_seconds_count' &&
      labels['lock_name'] === 'orders/{id}' &&
      labels['lock_system'] === system,
  );
  for (const { value } of lines) expect(value).toBe(0);
  return lines.map(({ labels }) => `${labels['lock_outcome']} ${labels['lock_contended']}`);
}

describe('a declared name', () => {
  it('has all its series at 0 before anything happens, when its kind of storage is known', async () => {
    const app = new FakeProcess({ names: [{ name: 'orders/{id}', system: 'redis' }] });
    expect(await zeroOutcomes(app, 'redis')).toEqual(outcomes);
    const reasons = await zeros(app, 'lock_hold_duration_seconds_count', 'lock_release_reason');
    expect(reasons).toEqual(['released', 'lost', 'release_failed']);
    const losses = await zeros(app, 'lock_lease_lost_total', 'lock_lost_reason');
    expect(losses).toEqual(['expired', 'stolen', 'forced', 'unreachable', 'stalled']);
    const results = await zeros(app, 'lock_acquire_attempts_total', 'lock_attempt_result');
    expect(results).toEqual(['acquired', 'busy', 'error']);
    const renewals = await zeros(app, 'lock_renew_duration_seconds_count', 'lock_outcome');
    expect(renewals).toEqual(['renewed', 'failed', 'lost', 'abandoned']);
    for (const metric of ['lock_lease_utilization_count', 'lock_waiter_count', 'lock_holder_count']) {
      expect(await zeros(app, metric, 'lock_system')).toEqual(['redis']);
    }
    for (const metric of ['lock_wait_oldest_age_seconds', 'lock_hold_oldest_age_seconds']) {
      expect(await zeros(app, metric, 'lock_name')).toEqual(['orders/{id}']);
    }
  });

  it('gets them for each kind of storage when that is first heard of', async () => {
    const app = new FakeProcess({ names: ['orders/{id}', { name: 'jobs', mode: 'semaphore' }] });
    expect(await zeroOutcomes(app, 'redis')).toEqual([]);
    begun(app.set.begin('lock.create', { lockName: 'x', lockKey: 'x', storageName: 'redis' })).end('ok');
    expect(await zeroOutcomes(app, 'redis')).toEqual(outcomes);
    expect(await zeroOutcomes(app, 'sqlite')).toEqual([]);
    app.cycle({ lockName: 'something else', storageName: 'sqlite' });
    expect(await zeroOutcomes(app, 'sqlite')).toEqual(outcomes);
    const modes = new Set(
      (await app.lines())
        .filter(({ labels }) => labels['lock_name'] === 'jobs')
        .map(({ labels }) => labels['lock_mode']),
    );
    expect(modes).toEqual(new Set([undefined, 'semaphore']));
  });

  it('tells its limit and what a hold should take at most; told again, the new ones', async () => {
    const app = new FakeProcess({ names: [{ name: 'orders/{id}', holderLimit: 1, expectedHoldMs: 1500 }, 'jobs'] });
    const name = { lock_name: 'orders/{id}' };
    expect(await app.value('lock_holder_limit', name)).toBe(1);
    expect(await app.value('lock_hold_expected_seconds', name)).toBe(1.5);
    expect(await app.value('lock_holder_limit', { lock_name: 'jobs' })).toBeUndefined();
    app.listener.declare({ name: 'orders/{id}', holderLimit: 3 });
    expect(await app.value('lock_holder_limit', name)).toBe(3);
    expect(await app.value('lock_hold_expected_seconds', name)).toBe(1.5);
  });

  it('never shares its kind of storage with others, however many there are', async () => {
    const app = new FakeProcess({ caps: { systems: 1 } });
    app.cycle({ lockName: 'jobs', storageName: 'sqlite' });
    app.listener.declare({ name: 'orders/{id}', system: 'redis' });
    expect(await zeroOutcomes(app, 'redis')).toEqual(outcomes);
  });

  it('can be declared later, for the kinds of storage that are known by then', async () => {
    const app = new FakeProcess();
    app.cycle({ lockName: 'jobs' });
    app.listener.declare('orders/{id}');
    expect(await zeroOutcomes(app, 'redis')).toEqual(outcomes);
  });

  it('keeps what was counted before it was declared', async () => {
    const app = new FakeProcess();
    app.cycle();
    app.listener.declare({ name: 'orders/{id}', system: 'redis' });
    expect(await app.sum('lock_acquire_duration_seconds_count', { lock_name: 'orders/{id}' })).toBe(1);
  });
});

describe('a class of locks that is defined', () => {
  it('counts as declared, with the time that a hold should take', async () => {
    const app = new FakeProcess();
    const init = { lockName: 'orders/{id}', lockKey: 'orders/{id}', storageName: 'redis' };
    const details = {
      leaseMs: 30_000,
      renewEveryMs: 10_000,
      reentrancy: 'owner',
      scope: 'class',
      expectedHoldMs: 200,
    } as const;
    begun(app.set.begin('lock.create', init)).end('ok', { details });
    expect(await zeroOutcomes(app, 'redis')).toEqual(outcomes);
    expect(await app.value('lock_hold_expected_seconds', { lock_name: 'orders/{id}' })).toBe(0.2);
  });

  it('leaves what was declared to the listener as it is', async () => {
    const app = new FakeProcess({ names: [{ name: 'jobs', expectedHoldMs: 5000 }] });
    const details = {
      leaseMs: 30_000,
      renewEveryMs: 10_000,
      reentrancy: 'owner',
      scope: 'class',
      expectedHoldMs: 200,
    } as const;
    begun(app.set.begin('lock.create', { lockName: 'jobs', lockKey: 'jobs' })).end('ok', { details });
    expect(await app.value('lock_hold_expected_seconds', { lock_name: 'jobs' })).toBe(5);
  });

  it('takes no room beyond the cap, and the lock of a single key none at all', async () => {
    const app = new FakeProcess({ caps: { names: 2 } });
    const create = (lockName: string, lockKey: string): void => {
      const scope = lockName === lockKey && lockName.includes('{') ? 'class' : 'key';
      const details = { leaseMs: 30_000, renewEveryMs: 10_000, reentrancy: 'owner', scope } as const;
      begun(app.set.begin('lock.create', { lockName, lockKey, storageName: 'redis' })).end('ok', { details });
    };
    for (let n = 0; n < 100; n += 1) create(`key-${n}`, `key-${n}`);
    create('z/{id}', 'z/42');
    create('a/{id}', 'a/{id}');
    create('b/{id}', 'b/{id}');
    create('c/{id}', 'c/{id}');
    const names = new Set((await app.lines()).map(({ labels }) => labels['lock_name']));
    expect(names).toEqual(new Set([undefined, 'a/{id}', 'b/{id}']));
    expect(await app.value('lockscope_series_overflow_total', { reason: 'names' })).toBe(0);
  });
});

import { MemoryStorage } from '@lockscope/storage';
import { describe, expect, it } from 'vitest';

import { createLocks, type HeldLock } from '../src/index.ts';
import { makeWorld, outcomeOf, settle } from './support/world.ts';

/** Leads until the lock is lost. */
function untilLost(lock: HeldLock): Promise<never> {
  return new Promise((_, reject) => lock.signal.addEventListener('abort', () => reject(lock.signal.reason as Error)));
}

describe('lead()', () => {
  it('has one leader among several candidates, and another one when it is done', async () => {
    const { locks, other, clock } = makeWorld();
    const leading: string[] = [];
    let resign = (): void => undefined;
    const first = outcomeOf(
      locks.lead('role', () => {
        leading.push('first');
        return new Promise<string>((resolve) => (resign = () => resolve('done')));
      }),
    );
    await settle(clock);
    const second = outcomeOf(other().lead('role', () => (leading.push('second'), 'also done')));
    await clock.advance(3_600_000);
    expect(leading).toEqual(['first']);
    resign();
    await settle(clock);
    expect(leading).toEqual(['first', 'second']);
    expect([first.value, second.value]).toEqual(['done', 'also done']);
  });

  it('stands again when its lock was lost', async () => {
    const { locks, other, clock } = makeWorld();
    const tokens: number[] = [];
    const leading = outcomeOf(
      locks.lead('role', (lock) => {
        tokens.push(lock.fencingToken);
        return tokens.length === 1 ? untilLost(lock) : 'led twice';
      }),
    );
    await clock.advance(100);
    await other().forceRelease('role', { reason: 'test' });
    await settle(clock);
    expect(leading.value).toBe('led twice');
    expect(tokens[1]).toBeGreaterThan(tokens[0] ?? 0);
  });

  it('stands again after an outage of the storage, and does not ask it all the time meanwhile', async () => {
    const { locks, clock, storage } = makeWorld();
    for (let n = 0; n < 10; n += 1) storage.failNext('acquire');
    const leading = outcomeOf(locks.lead('role', () => 'led', { retryMs: 1000 }));
    await clock.advance(5000);
    expect(leading.state).toBe('pending');
    expect(storage.calls('acquire')).toBeLessThanOrEqual(8);
    await clock.advance(20_000);
    expect(leading.value).toBe('led');
  });

  it('ends with what its term throws', async () => {
    const { locks } = makeWorld();
    const failure = new Error('the work cannot be done');
    await expect(locks.lead('role', () => Promise.reject(failure))).rejects.toBe(failure);
  });

  it('gives up when the signal fires: while it waits, while it pauses, and after its term', async () => {
    const { locks, other, clock, storage } = makeWorld();
    const holder = await other().acquire('role');
    const waiting = new AbortController();
    const candidate = outcomeOf(locks.lead('role', () => 'never', { signal: waiting.signal }));
    await settle(clock);
    waiting.abort();
    await settle(clock);
    expect(candidate.error).toMatchObject({ code: 'LOCK_ABORTED' });
    await holder.release();

    const pausing = new AbortController();
    storage.failNext('acquire');
    const later = outcomeOf(locks.lead('role', () => 'never', { signal: pausing.signal, retryMs: 60_000 }));
    await settle(clock);
    pausing.abort();
    await settle(clock);
    expect(later.error).toMatchObject({ code: 'LOCK_ABORTED' });

    const leading = new AbortController();
    const leader = outcomeOf(locks.lead('role', untilLost, { signal: leading.signal }));
    await clock.advance(100);
    leading.abort();
    await other().forceRelease('role', { reason: 'test' });
    await settle(clock);
    expect(leader.error).toMatchObject({ code: 'LOCK_ABORTED' });
  });

  it('ends when the locks are closed', async () => {
    const { locks, other, clock } = makeWorld();
    const holder = await other().acquire('role');
    const candidate = outcomeOf(locks.lead('role', () => 'never'));
    await settle(clock);
    await locks.close();
    expect(candidate.error).toMatchObject({ code: 'LOCKS_CLOSED' });
    await holder.release();
  });

  it('does not try again what cannot get better', async () => {
    const storage = new MemoryStorage();
    const locks = createLocks({ storage });
    await storage.close();
    await expect(locks.lead('role', () => 'never')).rejects.toMatchObject({ code: 'LOCK_STORAGE_FAILED' });
  });

  it.each([0, Number.NaN, '1'])('refuses a pause of %s', async (retryMs) => {
    const { locks } = makeWorld();
    await expect(locks.lead('role', () => 'never', { retryMs: retryMs as number })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
    });
  });
});

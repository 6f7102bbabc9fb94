import { describe, expect, it } from 'vitest';

import type { Locks } from '../src/index.ts';
import { makeWorld, outcomeOf, settle } from './support/world.ts';

/** Enough other keys that what is not in use is forgotten several times over. */
async function useOthers(locks: Locks): Promise<void> {
  for (let n = 0; n < 5000; n += 1) await locks.acquire(`once/${n}`).then((lock) => lock.release());
}

describe('a process that uses very many keys', () => {
  it('does not forget a lock that it holds, nor who waits for it here', async () => {
    const { locks, clock } = makeWorld({}, { silent: true });
    const lock = await locks.acquire('a', { owner: 'ann' });
    const waiting = outcomeOf(locks.acquire('a'));
    await useOthers(locks);
    const again = await locks.tryAcquire('a', { owner: 'ann' });
    expect(again?.fencingToken).toBe(lock.fencingToken);
    await again?.release();
    await lock.release();
    await settle(clock);
    expect(waiting.state).toBe('resolved');
  });

  it('does not forget that one of its own asks already', async () => {
    const { locks, other, clock, memory } = makeWorld({}, { silent: true });
    const lock = await other().acquire('a');
    const first = outcomeOf(locks.acquire('a'));
    await settle(clock);
    await useOthers(locks);
    const second = outcomeOf(locks.acquire('a'));
    await settle(clock);
    expect((await memory.read('a')).waiters).toHaveLength(1);
    await lock.release();
    await settle(clock);
    expect([first.state, second.state]).toEqual(['resolved', 'pending']);
    await first.value?.release();
    await settle(clock);
    expect(second.state).toBe('resolved');
  });
});

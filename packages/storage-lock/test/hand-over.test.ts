import type { LeaseNews } from '@lockscope/storage';
import { describe, expect, it } from 'vitest';

import { UnheardStorage } from './support/storages.ts';
import { makeWorld, outcomeOf, settle, type World } from './support/world.ts';

/** Keeps the news of a storage back until they are let go. */
function holdNews({ memory }: World): { letGo: () => void; readonly kept: number } {
  const kept: (() => void)[] = [];
  const watch = memory.watch.bind(memory);
  memory.watch = (key, leaseId, tell) => watch(key, leaseId, (news: LeaseNews) => kept.push(() => tell(news)));
  return {
    letGo: () => kept.splice(0).forEach((tell) => tell()),
    get kept() {
      return kept.length;
    },
  };
}

describe('a lock that is handed over by the storage', () => {
  it('is held by the waiter at once, without another question', async () => {
    const { locks, other, clock, storage, memory } = makeWorld();
    const lock = await other().acquire('a');
    const waiting = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await settle(clock);
    const asked = storage.calls('acquire');
    await lock.release();
    expect((await memory.read('a')).record?.holder.ownerId).toBe('ann');
    await settle(clock);
    expect(waiting.value).toMatchObject({ ownerId: 'ann', fencingToken: 2, state: 'held' });
    expect(storage.calls('acquire')).toBe(asked);
  });

  it('costs two commands in a place where others have been waiting: a question and a release', async () => {
    const { locks, other, clock, storage } = makeWorld();
    const elsewhere = other();
    let holder = await elsewhere.acquire('a');
    for (let turn = 0; turn < 10; turn += 1) {
      const [from, to] = turn % 2 === 0 ? [elsewhere, locks] : [locks, elsewhere];
      const next = outcomeOf(to.acquire('a'));
      await settle(clock);
      const again = outcomeOf(from.acquire('a', { waitMs: 1 }));
      await clock.advance(1);
      expect(again.state).toBe('rejected');
      const before = storage.calls('acquire');
      await holder.release();
      await settle(clock);
      expect(storage.calls('acquire')).toBe(before);
      holder = next.value as typeof holder;
    }
    await holder.release();
  });

  it('begins with a short lease, and one that lasts is renewed to a full one', async () => {
    const { locks, other, clock, memory, storage } = makeWorld({ leaseMs: 30_000 });
    const lock = await other().acquire('a');
    const waiting = outcomeOf(locks.acquire('a'));
    await settle(clock);
    await lock.release();
    await settle(clock);
    expect(waiting.value?.remainingMs()).toBe(2000);
    await clock.advance(600);
    expect(storage.calls('renew')).toBe(0);
    await clock.advance(100);
    expect(storage.calls('renew')).toBe(1);
    const { record, storageNow } = await memory.read('a');
    expect((record?.expiresAt ?? 0) - storageNow).toBeGreaterThan(29_000);
    expect(waiting.value?.remainingMs()).toBeGreaterThan(29_000);
  });

  it('is counted from when the storage gave it, not from when the waiter heard of it', async () => {
    const world = makeWorld({ leaseMs: 30_000, waitMs: 60_000 });
    const { locks, other, clock } = world;
    const lock = await other().acquire('a');
    const news = holdNews(world);
    const waiting = outcomeOf(locks.acquire('a'));
    await clock.advance(500);
    await lock.release();
    await clock.advance(400);
    expect([waiting.state, news.kept]).toEqual(['pending', 1]);
    news.letGo();
    await settle(clock);
    expect(waiting.value?.remainingMs()).toBe(1600);
  });

  it('and heard of when its lease is over is not handed out; the waiter asks again', async () => {
    const world = makeWorld({ leaseMs: 30_000, waitMs: 60_000 }, { kind: UnheardStorage });
    const { locks, other, clock, memory } = world;
    const tells: ((news: LeaseNews) => void)[] = [];
    memory.watch = (_key, _leaseId, tell) => (tells.push(tell), () => undefined);
    const lock = await other().acquire('a');
    const waiting = outcomeOf(locks.acquire('a'));
    await settle(clock);
    const { leaseId } = (await memory.read('a')).waiters[0] ?? { leaseId: '' };
    const now = clock.now();
    const record = {
      key: 'a',
      leaseId,
      holder: { ownerId: 'late' },
      fencingToken: 2,
      acquiredAt: now,
      expiresAt: now + 100,
    };
    await clock.advance(101);
    for (const tell of tells) {
      tell({ type: 'granted', result: { acquired: true, record, previous: undefined, storageNow: now } });
    }
    await settle(clock);
    expect(waiting.state).toBe('pending');
    await lock.release();
    // The storage knows nothing of that news, so it keeps the lock for the former lease as long as that is on record.
    await clock.advance(5000);
    expect(waiting.value?.state).toBe('held');
  });

  it('counts what the storage says has passed since, however far apart the clocks of its writers are', async () => {
    const world = makeWorld({ leaseMs: 30_000, waitMs: 60_000 }, { kind: UnheardStorage });
    const { locks, other, clock, memory } = world;
    const tells: ((news: LeaseNews) => void)[] = [];
    memory.watch = (_key, _leaseId, tell) => (tells.push(tell), () => undefined);
    const lock = await other().acquire('a');
    const waiting = outcomeOf(locks.acquire('a'));
    await settle(clock);
    const { leaseId } = (await memory.read('a')).waiters[0] ?? { leaseId: '' };
    // Written by a process whose clock is an hour ahead, half a second before.
    const ahead = clock.now() + 3_600_000;
    const record = {
      key: 'a',
      leaseId,
      holder: { ownerId: 'w' },
      fencingToken: 2,
      acquiredAt: ahead,
      expiresAt: ahead + 2000,
    };
    await clock.advance(600);
    const result = { acquired: true, record, previous: undefined, storageNow: ahead + 500 } as const;
    for (const tell of tells) tell({ type: 'granted', result });
    await settle(clock);
    expect(waiting.value?.remainingMs()).toBe(1500);
    await waiting.value?.release();
    await lock.release();
    await clock.advance(5000);
  });

  it('is not given back by an answer that comes after the news', async () => {
    const world = makeWorld({ leaseMs: 30_000, waitMs: 60_000 });
    const { locks, other, clock, memory } = world;
    const lock = await other().acquire('a');
    const acquire = memory.acquire.bind(memory);
    memory.acquire = async (request) => {
      const result = await acquire(request);
      if (request.waitMs !== undefined) await new Promise<void>((resolve) => void clock.setTimeout(resolve, 200));
      return result;
    };
    const waiting = outcomeOf(locks.acquire('a'));
    await clock.advance(100);
    await lock.release();
    await settle(clock);
    expect(waiting.value?.state).toBe('held');
    await clock.advance(1000);
    expect(waiting.value?.state).toBe('held');
    expect((await memory.read('a')).record?.fencingToken).toBe(waiting.value?.fencingToken);
  });

  it('to one that has just given up is given back, so nobody waits for it', async () => {
    const world = makeWorld({ leaseMs: 30_000 });
    const { locks, other, clock, memory } = world;
    const lock = await other().acquire('a');
    const news = holdNews(world);
    const controller = new AbortController();
    const waiting = outcomeOf(locks.acquire('a', { signal: controller.signal }));
    await settle(clock);
    await lock.release();
    expect((await memory.read('a')).record).toBeDefined();
    controller.abort();
    await settle(clock);
    expect(waiting.error).toMatchObject({ code: 'LOCK_ABORTED' });
    expect((await memory.read('a')).record).toBeUndefined();
    news.letGo();
    await settle(clock);
  });

  it('to one that is stuck is free again after two seconds, for the next one', async () => {
    const { locks, other, clock, memory } = makeWorld({ leaseMs: 30_000, waitMs: 60_000 });
    const lock = await other().acquire('a');
    // As a process whose event loop is blocked: it is subscribed, and does nothing.
    const stop = memory.watch('a', 'stuck', () => undefined);
    await memory.acquire({
      key: 'a',
      leaseId: 'stuck',
      leaseMs: 30_000,
      holder: { ownerId: 'stuck' },
      waitMs: 60_000,
      claimMs: 2000,
    });
    const waiting = outcomeOf(locks.acquire('a'));
    await settle(clock);
    await lock.release();
    expect((await memory.read('a')).record?.holder.ownerId).toBe('stuck');
    await clock.advance(3050); // at its next look at the latest: a second, and 50 ms for the one before it
    expect(waiting.value?.state).toBe('held');
    stop();
  });

  it('finds its waiter at its next question when the news get lost', async () => {
    const { locks, other, clock, memory } = makeWorld({ leaseMs: 30_000 });
    const lock = await other().acquire('a');
    const watch = memory.watch.bind(memory);
    memory.watch = (key, leaseId) => watch(key, leaseId, () => undefined);
    const waiting = outcomeOf(locks.acquire('a', { owner: 'ann' }));
    await clock.advance(100);
    await lock.release();
    expect((await memory.read('a')).record?.holder.ownerId).toBe('ann');
    await clock.advance(1000);
    expect(waiting.value).toMatchObject({ state: 'held', fencingToken: 2 });
    expect(waiting.value?.remainingMs()).toBeGreaterThan(29_000);
  });
});

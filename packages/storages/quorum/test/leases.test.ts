import { MemoryStorage, monotoneClock, StorageError, type LockStorage } from '@lockscope/storage';
import { FakeClock, faultyStorage, type FaultyStorage } from '@lockscope/testkit';
import { describe, expect, test } from 'vitest';
import { quorum } from '../src/index.ts';
import { Restartable } from './restartable.ts';
import { settle } from './settle.ts';

interface World {
  readonly clock: FakeClock;
  readonly nodes: FaultyStorage[];
  readonly storage: LockStorage;
}

function emptyNode(clock: FakeClock): FaultyStorage {
  return faultyStorage(new MemoryStorage({ clock: monotoneClock(clock) }), { clock });
}

function world(): World {
  const clock = new FakeClock();
  const nodes = [emptyNode(clock), emptyNode(clock), emptyNode(clock)];
  return { clock, nodes, storage: quorum(nodes, { clock, nodeTimeoutMs: 100 }) };
}

function request(key: string, leaseId: string, leaseMs = 10_000) {
  return { key, leaseId, leaseMs, holder: { ownerId: `owner of ${leaseId}` } };
}

const [first, second, third] = [0, 1, 2] as const;

describe('a lease', () => {
  test('ends for its holder before it ends on any storage, however the clocks drift', async () => {
    const { clock, nodes, storage } = world();
    const result = await storage.acquire(request('a', 'mine'));
    if (!result.acquired) throw new Error('it was free');
    expect(result.record.expiresAt - clock.now()).toBe(10_000);
    const { record, storageNow } = (await nodes[first]?.read('a')) ?? {};
    expect((record?.expiresAt ?? 0) - (storageNow ?? 0)).toBe(10_102);
    const renewed = await storage.renew('a', 'mine', 20_000);
    expect(renewed).toMatchObject({ renewed: true, expiresAt: clock.now() + 20_000 });
    expect((await nodes[second]?.read('a'))?.record?.expiresAt).toBe(clock.now() + 20_202);
  });

  test('is counted from the question, not from the answer', async () => {
    const { clock, nodes, storage } = world();
    for (const node of nodes) node.delay(80);
    const askedAt = clock.now();
    const attempt = storage.acquire(request('a', 'mine'));
    await clock.advance(80);
    expect(await attempt).toMatchObject({ acquired: true, record: { expiresAt: askedAt + 10_000 } });
  });

  test('that is over when the votes are counted is given to nobody, and taken back', async () => {
    const { clock, nodes, storage } = world();
    for (const node of nodes) node.delay(60);
    const attempt = storage.acquire(request('a', 'mine', 50)).catch((error: unknown) => error);
    await clock.advance(60);
    const error = (await attempt) as StorageError;
    expect(error).toBeInstanceOf(StorageError);
    expect(error.message).toContain('longer than the lease');
    await clock.advance(60);
    nodes[first]?.delay(0);
    expect((await nodes[first]?.read('a'))?.record).toBeUndefined();
  });

  test('can be renewed as long as a majority has it', async () => {
    const { nodes, storage } = world();
    await storage.acquire(request('a', 'mine'));
    await nodes[first]?.steal('a');
    const renewed = await storage.renew('a', 'mine', 10_000);
    expect(renewed.renewed).toBe(true);
    expect(renewed.votes?.map(({ vote }) => vote)).toEqual(['refused', 'granted', 'granted']);
  });

  test('that a majority does not know is lost, and who has it instead is told', async () => {
    const { nodes, storage } = world();
    await storage.acquire(request('a', 'mine'));
    const thief = await nodes[first]?.steal('a');
    await nodes[second]?.forceRelease('a');
    await nodes[second]?.acquire(request('a', thief?.leaseId ?? ''));
    const renewed = await storage.renew('a', 'mine', 10_000);
    expect(renewed).toMatchObject({ renewed: false, record: { leaseId: thief?.leaseId } });
    expect(await storage.release('a', 'mine')).toMatchObject({ released: false, record: { leaseId: thief?.leaseId } });
  });

  test('whose renewal too few answer is unknown, not lost', async () => {
    const { clock, nodes, storage } = world();
    await storage.acquire(request('a', 'mine'));
    nodes[first]?.freeze();
    nodes[second]?.freeze();
    const renewal = storage.renew('a', 'mine', 10_000).catch((error: unknown) => error);
    await clock.advance(100);
    expect(await renewal).toBeInstanceOf(StorageError);
    nodes[first]?.thaw();
    nodes[second]?.thaw();
    expect((await storage.renew('a', 'mine', 10_000)).renewed).toBe(true);
  });

  test('outlives storages that come back empty one after the other: each renewal wins them back', async () => {
    const clock = new FakeClock();
    const nodes = [1, 2, 3].map(() => new Restartable(() => emptyNode(clock)));
    const storage = quorum(nodes, { clock });
    const given = await storage.acquire(request('a', 'mine'));
    for (const node of [...nodes, ...nodes]) {
      node.restart();
      await clock.advance(5000);
      expect(await storage.renew('a', 'mine', 10_000)).toMatchObject({ renewed: true });
      await settle();
    }
    const { record } = await storage.read('a');
    expect(record).toMatchObject({ leaseId: 'mine', holder: { ownerId: 'owner of mine' } });
    expect(record?.fencingToken).toBe(given.acquired && given.record.fencingToken);
  });

  test('that is released while it is won back stays released', async () => {
    const clock = new FakeClock();
    const nodes = [1, 2, 3].map(() => new Restartable(() => emptyNode(clock)));
    const storage = quorum(nodes, { clock });
    await storage.acquire(request('a', 'mine'));
    nodes[third]?.restart();
    const renewal = storage.renew('a', 'mine', 10_000);
    const release = renewal.then(() => storage.release('a', 'mine'));
    expect(await release).toMatchObject({ released: true });
    await settle();
    expect((await nodes[third]?.read('a'))?.record).toBeUndefined();
  });

  test('taken away by force is told as such', async () => {
    const { storage } = world();
    await storage.acquire(request('a', 'mine'));
    expect(await storage.forceRelease('a')).toMatchObject({ leaseId: 'mine' });
    expect(await storage.renew('a', 'mine', 10_000)).toMatchObject({ renewed: false, forced: true });
  });
});

describe('a release', () => {
  test('does not wait for a storage that stands still, and reaches it when it goes on', async () => {
    const { nodes, storage } = world();
    await storage.acquire(request('a', 'mine'));
    nodes[third]?.freeze();
    expect(await storage.release('a', 'mine')).toMatchObject({ released: true });
    nodes[third]?.thaw();
    await settle();
    expect((await nodes[third]?.read('a'))?.record).toBeUndefined();
  });

  test('also frees what comes after it: a vote that was late', async () => {
    const { nodes, storage } = world();
    nodes[third]?.freeze();
    await storage.acquire(request('a', 'mine'));
    await storage.release('a', 'mine');
    nodes[third]?.thaw();
    await settle();
    expect(nodes[third]?.calls('acquire')).toBe(1);
    expect((await nodes[third]?.read('a'))?.record).toBeUndefined();
  });

  test('that too few answer is unknown', async () => {
    const { nodes, storage } = world();
    await storage.acquire(request('a', 'mine'));
    nodes[first]?.failNext('release');
    nodes[second]?.failNext('release');
    await expect(storage.release('a', 'mine')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
});

describe('who looks', () => {
  test('is not told of a minority as a holder', async () => {
    const { nodes, storage } = world();
    await nodes[first]?.acquire(request('a', 'alone'));
    expect((await storage.read('a')).record).toBeUndefined();
    const listed = [];
    for await (const { record } of storage.list()) listed.push(record.key);
    expect(listed).toEqual([]);
  });

  test('is told of a holder that may have a majority with the storage that is gone', async () => {
    const { nodes, storage } = world();
    await storage.acquire(request('a', 'mine'));
    await nodes[first]?.forget('a');
    nodes[second]?.failNext('read');
    expect((await storage.read('a')).record?.leaseId).toBe('mine');
  });

  test('sees the times of the quorum although the clocks of the storages differ by hours', async () => {
    const clock = new FakeClock();
    const nodes = [0, 3_600_000, -7_200_000].map((offset) => {
      const exact = monotoneClock(clock);
      return new MemoryStorage({ clock: { ...exact, now: () => exact.now() + offset } });
    });
    const storage = quorum(nodes, { clock, driftFactor: 0 });
    const result = await storage.acquire(request('a', 'mine'));
    await clock.advance(500);
    const { record, storageNow } = await quorum(nodes, { clock, driftFactor: 0 }).read('a');
    expect(result.acquired && record).toEqual(result.acquired && result.record);
    expect(storageNow - (record?.acquiredAt ?? 0)).toBe(500);
    await storage.release('a', 'mine');
    const next = await storage.acquire(request('a', 'next'));
    expect(next.acquired && next.previous).toMatchObject({ releasedAt: clock.now() });
  });

  test('gets an error and no empty list when too few answer', async () => {
    const { clock, nodes, storage } = world();
    await storage.acquire(request('a', 'mine'));
    nodes[first]?.failNext('list');
    const list = async (): Promise<string[]> => {
      const keys = [];
      for await (const { record } of storage.list()) keys.push(record.key);
      return keys;
    };
    expect(await list()).toEqual(['a']);
    nodes[first]?.failNext('list');
    nodes[second]?.freeze();
    const failing = list().catch((error: unknown) => error);
    await clock.advance(100);
    expect(await failing).toBeInstanceOf(StorageError);
  });
});

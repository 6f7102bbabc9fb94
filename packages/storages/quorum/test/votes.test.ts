import { MemoryStorage, monotoneClock, StorageError, type LockStorage } from '@lockscope/storage';
import { FakeClock, faultyStorage, type FaultyStorage } from '@lockscope/testkit';
import { describe, expect, test } from 'vitest';
import { quorum } from '../src/index.ts';
import { settle } from './settle.ts';

interface World {
  readonly clock: FakeClock;
  readonly nodes: readonly FaultyStorage[];
  readonly storage: LockStorage;
}

function worldOf(count: number, nodeTimeoutMs = 100): World {
  const clock = new FakeClock();
  const nodes = Array.from({ length: count }, () =>
    faultyStorage(new MemoryStorage({ clock: monotoneClock(clock) }), { clock }),
  );
  return { clock, nodes, storage: quorum(nodes, { clock, nodeTimeoutMs }) };
}

function request(key: string, leaseId: string, leaseMs = 10_000) {
  return { key, leaseId, leaseMs, holder: { ownerId: `owner of ${leaseId}` } };
}

async function caught(promise: Promise<unknown>): Promise<StorageError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StorageError);
  return error as StorageError;
}

async function holders(nodes: readonly LockStorage[], key: string): Promise<(string | undefined)[]> {
  return Promise.all(nodes.map(async (node) => (await node.read(key)).record?.leaseId));
}

describe('a vote', () => {
  test('that is tied ends at once: refused, with the name of who has the other half', async () => {
    const { nodes, storage } = worldOf(2);
    await nodes[1]?.acquire(request('a', 'other'));
    const result = await storage.acquire(request('a', 'mine'));
    expect(result).toMatchObject({ acquired: false, record: { leaseId: 'other' } });
    expect(result.votes?.map(({ node, vote }) => [node, vote])).toEqual([
      ['memory-1', 'granted'],
      ['memory-2', 'refused'],
    ]);
    await settle();
    expect(await holders(nodes, 'a')).toEqual([undefined, 'other']);
  });

  test('does not wait for a storage that stands still, while the others decide', async () => {
    const { nodes, storage } = worldOf(3);
    nodes[0]?.freeze();
    const result = await storage.acquire(request('a', 'mine'));
    expect(result).toMatchObject({ acquired: true, record: { leaseId: 'mine' } });
    expect(result.votes?.map(({ vote }) => vote)).toEqual(['late', 'granted', 'granted']);
  });

  test('ends when the time of a storage that stands still is over, and says that it was late', async () => {
    const { clock, nodes, storage } = worldOf(3);
    await nodes[1]?.acquire(request('a', 'other'));
    nodes[0]?.freeze();
    const attempt = storage.acquire(request('a', 'mine'));
    await clock.advance(99);
    let over = false;
    void attempt.finally(() => (over = true));
    await settle();
    expect(over).toBe(false);
    await clock.advance(1);
    const result = await attempt;
    expect(result).toMatchObject({ acquired: false, record: { leaseId: 'other' } });
    expect(result.votes).toEqual([
      { node: 'memory-1', vote: 'late', ms: 100 },
      { node: 'memory-2', vote: 'refused', ms: 0 },
      { node: 'memory-3', vote: 'granted', ms: 0 },
    ]);
  });

  test('that too few can take part in is an outage and no busy lock; the error tells why, storage by storage', async () => {
    const { clock, nodes, storage } = worldOf(3);
    nodes[0]?.failNext('acquire', new Error('ECONNREFUSED'));
    nodes[1]?.freeze();
    const attempt = caught(storage.acquire(request('a', 'mine')));
    await clock.advance(100);
    const error = await attempt;
    expect(error.code).toBe('STORAGE_FAILED');
    expect(error.message).toContain('1 of 3 did it, 2 are needed');
    expect(error.message).toContain('memory-1: ECONNREFUSED');
    expect(error.message).toContain('memory-2 did not answer within 100 ms');
    expect(error.votes?.map(({ vote }) => vote)).toEqual(['failed', 'late', 'granted']);
    expect((error.cause as AggregateError).errors).toEqual([new Error('ECONNREFUSED')]);
  });

  test('is over as soon as no majority is possible, whoever still thinks', async () => {
    const { nodes, storage } = worldOf(5);
    for (const node of nodes.slice(0, 3)) node.failNext('acquire');
    nodes[3]?.freeze();
    nodes[4]?.freeze();
    const error = await caught(storage.acquire(request('a', 'mine')));
    expect(error.votes?.map(({ vote }) => vote)).toEqual(['failed', 'failed', 'failed', 'late', 'late']);
  });

  test('of many contenders that split the storages is refused to all, and the next one finds no trace of it', async () => {
    const { nodes, storage } = worldOf(3);
    await Promise.all(nodes.map((node, index) => node.acquire(request('a', `other ${index}`))));
    expect(await storage.acquire(request('a', 'mine'))).toMatchObject({ acquired: false });
    await Promise.all(nodes.map((node, index) => node.release('a', `other ${index}`)));
    expect(await storage.acquire(request('a', 'next'))).toMatchObject({ acquired: true });
  });
});

describe('what was given without a majority', () => {
  test('is taken back', async () => {
    const { nodes, storage } = worldOf(3);
    await Promise.all(nodes.slice(0, 2).map((node) => node.acquire(request('a', 'other'))));
    expect(await storage.acquire(request('a', 'mine'))).toMatchObject({ acquired: false });
    await settle();
    expect(await holders(nodes, 'a')).toEqual(['other', 'other', undefined]);
  });

  test('is taken back where it comes late', async () => {
    const { clock, nodes, storage } = worldOf(3);
    nodes[1]?.freeze();
    nodes[2]?.freeze();
    const attempt = caught(storage.acquire(request('a', 'mine')));
    await clock.advance(100);
    await attempt;
    nodes[1]?.thaw();
    nodes[2]?.thaw();
    await settle();
    expect(nodes[1]?.calls('acquire')).toBe(1);
    expect(await holders(nodes, 'a')).toEqual([undefined, undefined, undefined]);
  });

  test('is taken back where the reply was lost', async () => {
    const { nodes, storage } = worldOf(3);
    nodes[0]?.loseReply('acquire');
    nodes[1]?.loseReply('acquire');
    await caught(storage.acquire(request('a', 'mine')));
    await settle();
    expect(await holders(nodes, 'a')).toEqual([undefined, undefined, undefined]);
  });

  test('is never taken back from a later attempt of the same lease', async () => {
    const { clock, nodes, storage } = worldOf(3);
    await nodes[1]?.acquire(request('a', 'other'));
    await nodes[2]?.acquire(request('a', 'other'));
    const refused = storage.acquire(request('a', 'mine'));
    // The withdrawal is on its way for 50 ms; everything else is quick.
    nodes[0]?.delay(50);
    expect(await refused).toMatchObject({ acquired: false });
    nodes[0]?.delay(0);
    await Promise.all(nodes.slice(1).map((node) => node.forceRelease('a')));
    nodes[2]?.freeze();
    const again = storage.acquire(request('a', 'mine'));
    await clock.advance(60);
    expect(await again).toMatchObject({ acquired: true });
    expect(await holders(nodes.slice(0, 2), 'a')).toEqual(['mine', 'mine']);
  });

  test('is not counted again when nobody knows whether it was taken back', async () => {
    const { nodes, storage } = worldOf(3);
    await nodes[1]?.acquire(request('a', 'other'));
    await nodes[2]?.acquire(request('a', 'other'));
    nodes[0]?.failNext('release');
    expect(await storage.acquire(request('a', 'mine'))).toMatchObject({ acquired: false });
    await settle();
    await nodes[1]?.forceRelease('a');
    expect(await storage.acquire(request('a', 'mine'))).toMatchObject({ acquired: false });
    await nodes[2]?.forceRelease('a');
    const result = await storage.acquire(request('a', 'mine'));
    expect(result.acquired).toBe(true);
    expect(result.votes?.[0]).toMatchObject({ vote: 'failed' });
  });
});

describe('a storage that never answers', () => {
  test('costs no memory without bound: it is not asked any more', async () => {
    const { nodes, storage } = worldOf(3);
    nodes[0]?.freeze();
    for (let round = 0; round < 10_001; round += 1) await storage.read('a');
    expect(nodes[0]?.inFlight).toBe(10_000);
    expect(await storage.read('a')).toMatchObject({ record: undefined });
  });

  test('keeps nobody who closes the quorum', async () => {
    const { clock, nodes, storage } = worldOf(3);
    nodes[0]?.freeze();
    await storage.acquire(request('a', 'mine'));
    const closed = storage.close();
    await clock.advance(100);
    await closed;
    expect(clock.timers).toBe(0);
  });
});

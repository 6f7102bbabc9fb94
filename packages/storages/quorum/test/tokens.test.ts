import { MemoryStorage, monotoneClock, type AcquireRequest, type LockStorage } from '@lockscope/storage';
import { FakeClock, faultyStorage } from '@lockscope/testkit';
import { describe, expect, test } from 'vitest';
import { quorum } from '../src/index.ts';
import { Restartable } from './restartable.ts';

function request(key: string, leaseId: string, more: Partial<AcquireRequest> = {}): AcquireRequest {
  return { key, leaseId, leaseMs: 10_000, holder: { ownerId: `owner of ${leaseId}` }, ...more };
}

async function tokenOf(storage: LockStorage, leaseId: string, more: Partial<AcquireRequest> = {}): Promise<number> {
  const result = await storage.acquire(request('a', leaseId, more));
  if (!result.acquired) throw new Error(`${leaseId} was refused`);
  return result.record.fencingToken;
}

function world() {
  const clock = new FakeClock();
  const nodes = [1, 2, 3].map(() => faultyStorage(new MemoryStorage({ clock: monotoneClock(clock) }), { clock }));
  return { clock, nodes, open: () => quorum(nodes, { clock }) };
}

const ahead = 9_000_000_000_000;

describe('tokens', () => {
  test('rise although each majority is another one, and each process knows only what it asks', async () => {
    const { nodes, open } = world();
    let last = 0;
    for (let round = 0; round < 12; round += 1) {
      const gone = nodes[round % 3];
      gone?.failNext('acquire');
      gone?.failNext('release');
      const storage = open();
      const token = await tokenOf(storage, `lease ${round}`);
      expect(token).toBeGreaterThan(last);
      last = token;
      await storage.release('a', `lease ${round}`);
      await storage.close();
      await gone?.forget('a');
    }
  });

  test('rise when one storage has counted far ahead and is not in the next majority', async () => {
    const { nodes, open } = world();
    await nodes[0]?.acquire(request('other', 'x', { tokenAbove: ahead }));
    nodes[2]?.failNext('acquire');
    const one = open();
    const token = await tokenOf(one, 'first');
    expect(token).toBeGreaterThan(ahead);
    expect((await nodes[1]?.read('a'))?.record?.fencingToken).toBe(token);
    await one.release('a', 'first');
    nodes[0]?.failNext('acquire');
    expect(await tokenOf(open(), 'second')).toBeGreaterThan(token);
  });

  test('that were kept free behind one are not given by any later majority', async () => {
    const { nodes, open } = world();
    await nodes[0]?.acquire(request('other', 'x', { tokenAbove: ahead }));
    nodes[2]?.failNext('acquire');
    const one = open();
    const token = await tokenOf(one, 'first', { spareTokens: 50 });
    await one.release('a', 'first');
    nodes[0]?.failNext('acquire');
    expect(await tokenOf(open(), 'second')).toBeGreaterThan(token + 50);
  });

  test('are told to nobody before a majority knows them', async () => {
    const { nodes, open } = world();
    await nodes[0]?.acquire(request('other', 'x', { tokenAbove: ahead }));
    nodes[2]?.failNext('acquire');
    nodes[1]?.failNext('renew');
    await expect(open().acquire(request('a', 'first'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect((await nodes[0]?.read('a'))?.record).toBeUndefined();
  });

  test('do not go back when all storages have forgotten everything: time is in them', async () => {
    const clock = new FakeClock();
    const nodes = [1, 2, 3].map(() => new Restartable(() => new MemoryStorage({ clock: monotoneClock(clock) })));
    const before = await tokenOf(quorum(nodes, { clock }), 'first');
    for (const node of nodes) node.restart();
    await clock.advance(10_103);
    expect(await tokenOf(quorum(nodes, { clock }), 'second')).toBeGreaterThan(before);
  });

  test('are greater than what the caller has seen elsewhere', async () => {
    expect(await tokenOf(world().open(), 'first', { tokenAbove: ahead })).toBeGreaterThan(ahead);
  });

  test('cost one question to each storage, as long as the clocks of processes are no further apart than acquires', async () => {
    const { clock, nodes, open } = world();
    for (let round = 0; round < 5; round += 1) {
      const storage = open();
      await tokenOf(storage, `lease ${round}`);
      await storage.release('a', `lease ${round}`);
      await clock.advance(1);
    }
    expect(nodes.map((node) => node.calls())).toEqual([10, 10, 10]);
  });
});

import {
  MemoryStorage,
  monotoneClock,
  StorageError,
  type LockStorage,
  type StorageCapabilities,
} from '@lockscope/storage';
import { describe, expect, it } from 'vitest';

import { FakeClock, storageContract, type Contract } from '../src/index.ts';

import { everyVerb } from './every-verb.ts';

const humble: StorageCapabilities = {
  reach: 'process',
  durable: false,
  notifies: false,
  queues: false,
  shares: false,
  turns: false,
};

/** A storage that neither queues nor notifies, as the simplest ones do. */
function humbleStorage(memory: MemoryStorage): LockStorage {
  return {
    name: 'humble',
    capabilities: humble,
    acquire: async (request) => {
      if (request.share !== undefined) throw new StorageError('humble', 'acquire', 'it shares no locks');
      const result = await memory.acquire({ ...request, turns: false });
      if (!result.acquired) await memory.leave(request.key, request.leaseId);
      return result.acquired ? result : { ...result, ahead: undefined };
    },
    renew: (key, leaseId, leaseMs, update) => memory.renew(key, leaseId, leaseMs, update),
    release: (key, leaseId) => memory.release(key, leaseId),
    forceRelease: (key) => memory.forceRelease(key),
    read: (key) => memory.read(key),
    list: (options) => memory.list(options),
    close: () => memory.close(),
  };
}

function humbleContract(make: (memory: MemoryStorage) => LockStorage): Contract {
  return storageContract({
    capabilities: humble,
    create: () => {
      const clock = new FakeClock();
      return { clock, storage: make(new MemoryStorage({ clock: monotoneClock(clock) })) };
    },
    advance: ({ clock }, ms) => clock.advance(ms),
  });
}

async function failures(contract: Contract): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of contract) await run().catch(() => failed.push(name));
  return failed;
}

const memory = storageContract({
  capabilities: { reach: 'process', durable: false, notifies: true, queues: true, shares: true, turns: true },
  create: () => {
    const clock = new FakeClock();
    return { clock, storage: new MemoryStorage({ clock: monotoneClock(clock) }) };
  },
  advance: ({ clock }, ms) => clock.advance(ms),
  faults: { stepWallClock: ({ clock }, ms) => clock.stepWall(ms) },
});

describe('the memory storage keeps the contract', () => {
  for (const { name, run } of memory) it(name, run);
});

describe('a good storage with every verb keeps every case', () => {
  const contract = storageContract(everyVerb());
  for (const { name, run } of contract) it(name, run);
  it('and misses no verb', () => expect(contract.missing).toEqual([]));
});

describe('a storage that neither queues nor notifies keeps the contract', () => {
  for (const { name, run } of humbleContract(humbleStorage)) it(name, run);
});

describe('what is stated to be absent is checked to be absent', () => {
  it('catches waiters on record where it states no queue', async () => {
    const contract = humbleContract((good) => ({
      ...humbleStorage(good),
      acquire: (request) =>
        (request.share === undefined ? good : humbleStorage(good)).acquire({ ...request, turns: false }),
    }));
    expect(await failures(contract)).toEqual([
      'no queue: it shows no waiters, promises no order and keeps nothing for anybody',
    ]);
  });

  it('catches a watch where it states no notifications', async () => {
    const contract = humbleContract((good) => ({ ...humbleStorage(good), watch: () => () => undefined }));
    expect(await failures(contract)).toEqual(['no news: it has no watch that would never tell anybody']);
  });

  it('catches that it ignores with how many a lock is to be shared', async () => {
    const contract = humbleContract((good) => {
      const storage = humbleStorage(good);
      return {
        ...storage,
        acquire: (request) => (request.share === undefined ? storage : good).acquire(request),
      };
    });
    expect(await failures(contract)).toEqual(['no share: a request to share is rejected, and takes nothing']);
  });

  it('catches that it tells who had a lock where it states that it does not', async () => {
    const contract = humbleContract((good) => ({
      ...humbleStorage(good),
      acquire: async (request) => {
        const result = await humbleStorage(good).acquire(request);
        return request.turns === true ? { ...result, turns: [] } : result;
      },
    }));
    expect(await failures(contract)).toEqual(['no turns: who asks for them is told nothing of them']);
  });

  it('catches a renewal of many that was not stated', async () => {
    const contract = humbleContract((good) => ({ ...humbleStorage(good), renewMany: () => Promise.resolve([]) }));
    expect(await failures(contract)).toEqual([
      'closed: every call rejects with STORAGE_CLOSED, and none throws at once',
      'renew many: it has no method for it that nobody checks',
    ]);
  });

  it('catches a hand-over where it was said that waiters are told to ask', async () => {
    const contract = storageContract({ ...everyVerb(), handsOver: false });
    expect(await failures(contract)).toEqual([
      'asking: nobody is told that the lock was handed over, who waits is told to ask',
    ]);
  });

  it('catches that it knows who lost a lock by force where it was said that it forgets', async () => {
    const contract = storageContract({ ...everyVerb(), forgetsForced: true });
    expect(await failures(contract)).toEqual([
      'share: a force release takes it away from all, gives the first, and each is told why',
      'renew many: each is answered as if it were alone, in the order of the requests',
      'force release: who lost the lock by force is told so when it renews and when it releases',
      'force release: who lost the lock by force is told so although somebody else has it by now',
    ]);
  });

  it('catches a memory of releases where it was said that there is none', async () => {
    const contract = storageContract({ ...everyVerb(), forgetsReleased: true });
    expect(await failures(contract)).toEqual(['expiry: who follows a release is told who released, and when']);
  });
});

describe('the list of cases', () => {
  it('is known before anything is made, and names each case once', () => {
    let made = 0;
    const contract = storageContract({
      capabilities: humble,
      create: () => {
        made += 1;
        return { storage: new MemoryStorage() };
      },
    });
    expect(contract.length).toBeGreaterThan(50);
    expect(new Set(contract.map(({ name }) => name)).size).toBe(contract.length);
    expect(made).toBe(0);
  });

  it('says which verbs were not supplied', () => {
    expect(memory.missing).toEqual([
      'second',
      'reopen',
      'faults.damage',
      'faults.dropConnection',
      'faults.freeze',
      'faults.thaw',
      'faults.restart',
      'faults.slow',
    ]);
  });

  it('says of each case what it needs', () => {
    const needy = storageContract(everyVerb()).filter(({ name }) => name.startsWith('wall clock'));
    expect(needy.map(({ needs }) => needs)).toEqual([['faults.stepWallClock'], ['faults.stepWallClock']]);
  });

  it('is refused, with every reason at once, when the options cannot be meant', () => {
    const options = {
      capabilities: { ...humble, durable: true, turns: true },
      shortLeaseMs: 0,
      faults: { freeze: () => undefined },
    };
    expect(() => storageContract({ ...options, create: () => ({ storage: new MemoryStorage() }) })).toThrow(
      'reopen must be there where capabilities.durable is true; capabilities.turns needs capabilities.queues; ' +
        'faults.freeze and faults.thaw must come together; shortLeaseMs must be an integer of at least 1, got 0',
    );
  });

  it('cleans up behind a case, also when the case fails, and tells the first failure', async () => {
    const seen: string[] = [];
    const storage = new MemoryStorage();
    const contract = storageContract({
      capabilities: humble,
      create: () => ({ storage }),
      dispose: () => void seen.push('disposed'),
    });
    const [, capabilities] = contract;
    await expect(capabilities?.run()).rejects.toThrow(/strictly deep-equal|deep-equal/);
    await expect(storage.read('a')).rejects.toMatchObject({ code: 'STORAGE_CLOSED' });
    expect(seen).toEqual(['disposed']);
  });

  it('waits for real where the storage cannot move its clock', async () => {
    const contract = storageContract({
      capabilities: { reach: 'process', durable: false, notifies: true, queues: true, shares: true, turns: true },
      create: () => ({ storage: new MemoryStorage() }),
      shortLeaseMs: 40,
      rounds: 50,
    });
    const timed = contract.filter(({ name }) => name.startsWith('expiry') || name.startsWith('renew'));
    expect(timed.length).toBeGreaterThan(8);
    for (const { run } of timed) await run();
  });
});

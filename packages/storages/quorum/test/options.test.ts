import { MemoryStorage, type LockStorage, type StorageCapabilities } from '@lockscope/storage';
import { FakeClock, faultyStorage } from '@lockscope/testkit';
import { describe, expect, test } from 'vitest';
import { quorum, QuorumOptionsError } from '../src/index.ts';

function problemsOf(make: () => unknown): readonly string[] {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(QuorumOptionsError);
    expect((error as QuorumOptionsError).code).toBe('INVALID_OPTIONS');
    return (error as QuorumOptionsError).problems;
  }
  return [];
}

function stating(capabilities: Partial<StorageCapabilities>): LockStorage {
  const storage = new MemoryStorage();
  return Object.assign(storage, { capabilities: { ...storage.capabilities, ...capabilities } });
}

describe('options', () => {
  test('that do not fit are told all at once, each with its value', () => {
    const storage = new MemoryStorage();
    const options = { names: ['a', 'a', 'b'], nodeTimeoutMs: 0, driftFactor: 1, timeout: 5 };
    expect(problemsOf(() => quorum([storage, storage, {} as LockStorage], options))).toEqual([
      'there is no option "timeout"; known are names, nodeTimeoutMs, driftFactor, clock',
      'storages[1] is the same as storages[0], and one has one vote',
      'storages[2] must be a lock storage, got object',
      'names must differ from each other',
      'nodeTimeoutMs must be from 1 to 2147483647, got 0',
      'driftFactor must be from 0 and below 1, got 1',
    ]);
  });

  test('without any storage make no quorum', () => {
    expect(problemsOf(() => quorum([]))).toEqual(['storages must be a list of at least one lock storage']);
    expect(problemsOf(() => quorum([new MemoryStorage()], { names: ['a', 'b'] }))).toEqual([
      'names must be 1 texts, one for each storage',
    ]);
  });

  test('name the storages in votes', async () => {
    const storage = quorum([new MemoryStorage(), new MemoryStorage()], { names: ['north', 'south'] });
    const { votes } = await storage.release('a', 'mine');
    expect(votes?.map(({ node }) => node)).toEqual(['north', 'south']);
  });
});

describe('what a quorum states', () => {
  test('is the reach of the shortest, and durable only if all are', () => {
    const all = [stating({ reach: 'network', durable: true }), stating({ reach: 'machine', durable: true })];
    expect(quorum(all).capabilities).toEqual({
      reach: 'machine',
      durable: true,
      notifies: false,
      queues: false,
      shares: false,
      turns: false,
    });
    expect(quorum([...all, stating({ durable: false })]).capabilities).toMatchObject({
      reach: 'process',
      durable: false,
    });
  });

  test('excludes sharing: the limit would not hold', async () => {
    const storage = quorum([new MemoryStorage()]);
    const request = { key: 'a', leaseId: 'x', leaseMs: 1000, holder: { ownerId: 'o' }, share: 2 };
    await expect(storage.acquire(request)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
});

describe('a check of the set-up', () => {
  async function levels(storages: readonly LockStorage[]): Promise<readonly string[]> {
    const findings = (await quorum(storages, { clock: new FakeClock() }).examine?.()) ?? [];
    return findings.map(({ level, check }) => `${level} ${check}`);
  }
  const durable = (): LockStorage => stating({ durable: true });

  test('is content with three that remember', async () => {
    expect(await levels([durable(), durable(), durable()])).toEqual([
      'ok quorum-size',
      'ok quorum-memory',
      ...Array<string>(3).fill('ok quorum-reach'),
    ]);
  });

  test('warns of an even number, of two, and of those that forget', async () => {
    expect((await levels([durable(), durable(), durable(), durable()]))[0]).toBe('warning quorum-size');
    expect((await levels([durable(), durable()]))[0]).toBe('warning quorum-size');
    expect((await levels([durable(), durable(), new MemoryStorage()]))[1]).toBe('warning quorum-memory');
  });

  test('names who does not answer', async () => {
    const gone = faultyStorage(durable());
    gone.failNext('read', new Error('ECONNREFUSED'));
    const findings = (await quorum([durable(), durable(), gone], { names: ['a', 'b', 'c'] }).examine?.()) ?? [];
    expect(findings.find(({ level }) => level === 'problem')?.message).toBe('c does not answer: ECONNREFUSED');
  });
});

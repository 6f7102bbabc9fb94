import {
  ForeignRecordError,
  MemoryStorage,
  monotoneClock,
  type LockStorage,
  type StorageError,
} from '@lockscope/storage';

import {
  FakeClock,
  faultyStorage,
  type FaultyStorage,
  type StorageContractOptions,
  type StorageDouble,
  type StorageWorld,
} from '../src/index.ts';

interface Bench {
  readonly clock: FakeClock;
  readonly memory: MemoryStorage;
  readonly damaged: Set<string>;
  readonly faulty: FaultyStorage;
  readonly world: StorageWorld;
  readonly storage: LockStorage;
}

/** Opens the memory as if it were a file: closing this instance leaves the memory as it is. */
function openMemory(memory: MemoryStorage, damaged: ReadonlySet<string>): FaultyStorage {
  let closed = false;
  const gone = new MemoryStorage();
  void gone.close();
  const at = (key: string, operation: string): LockStorage => {
    if (closed) return gone;
    if (!damaged.has(key)) return memory;
    const reject = (): Promise<never> => Promise.reject(new ForeignRecordError('memory', operation, key, 'not JSON'));
    const refusing = { acquire: reject, renew: reject, release: reject, leave: reject, read: reject };
    return Object.assign(Object.create(memory) as LockStorage, refusing);
  };
  const instance: LockStorage = {
    name: 'memory',
    capabilities: { reach: 'machine', durable: true, notifies: true, queues: true, shares: true, turns: true },
    acquire: ({ behind, ...request }) =>
      at(request.key, 'acquire').acquire({ ...request, ...(behind && { behind: behind.slice(0, 100) }) }),
    renew: (key, leaseId, leaseMs, update) => at(key, 'renew').renew(key, leaseId, leaseMs, update),
    async renewMany(requests) {
      if (closed) return gone.renew('', '', 0).then(() => []);
      const renewals = requests.map(({ key, leaseId, leaseMs, update }) =>
        at(key, 'renew')
          .renew(key, leaseId, leaseMs, update)
          .catch((error: StorageError) => error),
      );
      return Promise.all(renewals);
    },
    release: (key, leaseId) => at(key, 'release').release(key, leaseId),
    leave: async (key, leaseId) => at(key, 'leave').leave?.(key, leaseId),
    forceRelease: (key) => (closed ? gone : memory).forceRelease(key),
    read: (key) => at(key, 'read').read(key),
    async *list(options) {
      for await (const state of (closed ? gone : memory).list(options)) if (!damaged.has(state.record.key)) yield state;
    },
    watch: (key, leaseId, tell) => (closed ? gone : memory).watch(key, leaseId, tell),
    close() {
      closed = true;
      return Promise.resolve();
    },
  };
  return faultyStorage(instance);
}

/**
 * The memory storage behind every verb that the contract knows, so that the kit's own tests run every case: a file that
 * is closed and opened, a server that is cut off, stalls and restarts. `wrap` puts a defect around each instance.
 */
export function everyVerb(wrap: StorageDouble['wrap'] = (storage) => storage): StorageContractOptions<Bench> {
  const broken = async ({ faulty }: Bench): Promise<void> => {
    faulty.loseReply('acquire');
    faulty.failNext('read');
    faulty.failNext('release');
    await Promise.resolve();
  };
  return {
    capabilities: { reach: 'machine', durable: true, notifies: true, queues: true, shares: true, turns: true },
    create: () => {
      const clock = new FakeClock();
      const damaged = new Set<string>();
      const memory = new MemoryStorage({ clock: monotoneClock(clock) });
      const faulty = openMemory(memory, damaged);
      const world = { clock, data: {} };
      return { clock, memory, damaged, faulty, world, storage: wrap(faulty, world) };
    },
    second: ({ damaged, memory, world }) => wrap(openMemory(memory, damaged), world),
    reopen: ({ damaged, memory, world }) => wrap(openMemory(memory, damaged), world),
    advance: ({ clock }, ms) => clock.advance(ms),
    patienceMs: 300,
    renewsMany: true,
    rounds: 600,
    faults: {
      stepWallClock: ({ clock }, ms) => clock.stepWall(ms),
      damage: ({ damaged }, key) => void damaged.add(key),
      dropConnection: broken,
      restart: broken,
      freeze: ({ faulty }) => faulty.freeze(),
      thaw: ({ faulty }) => faulty.thaw(),
      slow: ({ faulty }, ms) => faulty.delay(ms / 5),
    },
  };
}

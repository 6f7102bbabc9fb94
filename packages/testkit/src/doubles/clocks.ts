import { sharedBy, withChanges, type StorageDouble } from './storage-double.ts';

const moments = sharedBy((): number[] => []);
const wallDeadlines = sharedBy(() => new Map<string, number>());

export const clockDoubles: readonly StorageDouble[] = [
  {
    name: 'tells the same time for ever',
    caughtBy: ['read: the clock of the storage goes on between two reads'],
    wrap: (storage, world) =>
      withChanges(storage, {
        async read(key) {
          const state = await storage.read(key);
          const [first = state.storageNow] = moments(world);
          moments(world)[0] = first;
          return { ...state, storageNow: first };
        },
      }),
  },
  {
    name: 'ends leases by the wall clock',
    caughtBy: ['wall clock: set forward an hour, it frees nobody'],
    wrap: (storage, world) => {
      const deadlines = wallDeadlines(world);
      const endOverdue = async (key: string): Promise<void> => {
        const deadline = deadlines.get(key);
        if (deadline !== undefined && world.clock.now() >= deadline) await storage.forceRelease(key);
      };
      return withChanges(storage, {
        async acquire(request) {
          const { record } = await storage.read(request.key);
          if (record !== undefined && record.leaseId !== request.leaseId) await endOverdue(request.key);
          const result = await storage.acquire(request);
          if (result.acquired) deadlines.set(request.key, world.clock.now() + request.leaseMs);
          return result;
        },
        async renew(key, leaseId, leaseMs, update) {
          const result = await storage.renew(key, leaseId, leaseMs, update);
          if (result.renewed) deadlines.set(key, world.clock.now() + leaseMs);
          return result;
        },
      });
    },
  },
  {
    name: 'keeps leases by the wall clock',
    caughtBy: ['wall clock: set back an hour, it keeps nobody beyond the lease'],
    wrap: (storage, world) => {
      const deadlines = wallDeadlines(world);
      return withChanges(storage, {
        async acquire(request) {
          const result = await storage.acquire(request);
          if (!result.acquired) return result;
          const { record, previous, storageNow } = result;
          const deadline = deadlines.get(`${request.key} ${previous?.fencingToken}`);
          if (previous?.expiredAt !== undefined && deadline !== undefined && world.clock.now() < deadline) {
            await storage.forceRelease(request.key);
            return { acquired: false, record: undefined, ahead: 0, storageNow };
          }
          deadlines.set(`${request.key} ${record.fencingToken}`, world.clock.now() + request.leaseMs);
          return result;
        },
      });
    },
  },
];

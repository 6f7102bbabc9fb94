import { setTimeout as sleep } from 'node:timers/promises';

import type { LockStorage } from '@lockscope/storage';

import { sharedBy, withChanges, type StorageDouble } from './storage-double.ts';

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | undefined)?.code;
const keys = sharedBy(() => new Set<string>());
const broken = sharedBy(() => ({ error: undefined as unknown }));

/** Every call goes through `guard`. */
function guarded(storage: LockStorage, guard: <T>(call: () => Promise<T>, key: string) => Promise<T>): LockStorage {
  return withChanges(storage, {
    acquire: (request) => guard(() => storage.acquire(request), request.key),
    renew: (key, leaseId, leaseMs, update) => guard(() => storage.renew(key, leaseId, leaseMs, update), key),
    release: (key, leaseId) => guard(() => storage.release(key, leaseId), key),
    forceRelease: (key) => guard(() => storage.forceRelease(key), key),
    read: (key) => guard(() => storage.read(key), key),
  });
}

export const failingDoubles: readonly StorageDouble[] = [
  {
    name: 'answers after it was closed',
    caughtBy: ['closed: every call rejects with STORAGE_CLOSED, and none throws at once'],
    wrap: (storage) =>
      withChanges(storage, {
        acquire: (request) =>
          storage.acquire(request).catch((error: unknown) => {
            if (codeOf(error) !== 'STORAGE_CLOSED') throw error;
            return { acquired: false, record: undefined, ahead: 0, storageNow: 0 };
          }),
      }),
  },
  {
    name: 'throws at once instead of rejecting',
    caughtBy: ['closed: every call rejects with STORAGE_CLOSED, and none throws at once'],
    wrap: (storage) => {
      let closed = false;
      return withChanges(storage, {
        read(key) {
          if (closed) throw new Error('closed');
          return storage.read(key);
        },
        close() {
          closed = true;
          return storage.close();
        },
      });
    },
  },
  {
    name: 'cannot be closed twice',
    caughtBy: [
      'closed: every call rejects with STORAGE_CLOSED, and none throws at once',
      'closed: closing again is fine, also at the same time',
      'closed: watching does not throw, and its way out works before and after',
      'closed: calls that were under way settle',
      'closed: another instance on the same data works on',
      'durable: locks are still held and tokens still rise after it was closed and opened',
      'durable: tokens that were kept free or passed on are not given after it was closed and opened',
    ],
    wrap: (storage) => {
      let closed = false;
      return withChanges(storage, {
        close() {
          if (closed) return Promise.reject(new Error('closed before'));
          closed = true;
          return storage.close();
        },
      });
    },
  },
  {
    name: 'states what it cannot do',
    caughtBy: ['capabilities: are those that were meant, and come with their methods'],
    wrap: (storage) =>
      withChanges(storage, { capabilities: { ...storage.capabilities, notifies: !storage.capabilities.notifies } }),
  },
  {
    name: 'takes a damaged record for none',
    caughtBy: [
      'damage: a record that Lockscope did not write is reported as such',
      'damage: it counts as held, and is left as it is',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        read: (key) =>
          storage.read(key).catch((error: unknown) => {
            if (codeOf(error) !== 'FOREIGN_RECORD') throw error;
            return { record: undefined, waiters: [], storageNow: 0 };
          }),
      }),
  },
  {
    name: 'cannot list beside a damaged record',
    caughtBy: ['damage: other locks work and are listed'],
    wrap: (storage, world) =>
      withChanges(storage, {
        acquire(request) {
          keys(world).add(request.key);
          return storage.acquire(request);
        },
        async *list(options) {
          for (const key of keys(world)) await storage.read(key);
          yield* storage.list(options);
        },
      }),
  },
  {
    name: 'does not recover from an outage',
    caughtBy: [
      'connection: after it broke, the storage finds a new one by itself, and no lock was lost',
      'connection: that breaks under an attempt leaves a lock that the same lease can have',
      'connection: after it broke, who waits and watches still hears',
      'restart: of the server loses no lock, and no token comes twice',
      'restart: an attempt that met it can be repeated, and one that was answered still holds',
      'restart: a renewal or a release that met it can be repeated',
      'restart: after it, who waits and watches still hears',
    ],
    wrap: (storage, world) => {
      const state = broken(world);
      return guarded(storage, async (call) => {
        if (state.error !== undefined) throw state.error;
        return call().catch((error: unknown) => {
          if (codeOf(error) === 'STORAGE_FAILED') state.error = error;
          throw error;
        });
      });
    },
  },
  {
    name: 'loses its locks in an outage',
    caughtBy: [
      'connection: after it broke, the storage finds a new one by itself, and no lock was lost',
      'restart: of the server loses no lock, and no token comes twice',
      'restart: an attempt that met it can be repeated, and one that was answered still holds',
    ],
    wrap: (storage) =>
      guarded(storage, async (call, key) =>
        call().catch(async (error: unknown) => {
          if (codeOf(error) === 'STORAGE_FAILED') await storage.forceRelease(key);
          throw error;
        }),
      ),
  },
  {
    name: 'rejects in an outage with whatever its client threw',
    caughtBy: [
      'connection: after it broke, the storage finds a new one by itself, and no lock was lost',
      'connection: that breaks under an attempt leaves a lock that the same lease can have',
      'connection: after it broke, who waits and watches still hears',
      'restart: of the server loses no lock, and no token comes twice',
      'restart: an attempt that met it can be repeated, and one that was answered still holds',
      'restart: a renewal or a release that met it can be repeated',
      'restart: after it, who waits and watches still hears',
    ],
    wrap: (storage) =>
      guarded(storage, (call) =>
        call().catch((error: unknown) => {
          throw codeOf(error) === 'STORAGE_FAILED' ? new Error('ECONNRESET') : error;
        }),
      ),
  },
  {
    name: 'hears nothing any more after an outage or a stall',
    caughtBy: [
      'connection: after it broke, who waits and watches still hears',
      'stall: when it is over, who waits and watches still hears',
      'restart: after it, who waits and watches still hears',
    ],
    wrap: (storage, world) => {
      const state = broken(world);
      const noting = guarded(storage, async (call) => {
        const stop = new AbortController();
        sleep(20, undefined, stop).then(
          () => (state.error = 'a stall'),
          () => undefined,
        );
        try {
          return await call();
        } catch (error) {
          if (codeOf(error) === 'STORAGE_FAILED') state.error = error;
          throw error;
        } finally {
          stop.abort();
        }
      });
      return withChanges(noting, {
        watch: (key, leaseId, tell) =>
          storage.watch?.(key, leaseId, (news) => state.error === undefined && tell(news)) ?? (() => undefined),
      });
    },
  },
  {
    name: 'takes an answer that comes late for a refusal',
    caughtBy: [
      'slow: an answer that comes late is right',
      'slow: an attempt that is repeated before its answer came is one possession',
      'slow: who waits and watches hears nevertheless, and has the lock',
    ],
    wrap: (storage) =>
      withChanges(storage, {
        async acquire(request) {
          const stop = new AbortController();
          const refusal = { acquired: false, record: undefined, ahead: 0, storageNow: 0 } as const;
          const late = sleep(5, refusal, stop).catch(() => refusal);
          const result = storage.acquire(request).finally(() => stop.abort());
          return Promise.race([result, late]);
        },
      }),
  },
  {
    name: 'takes a repeated attempt that met an outage for a new possession',
    caughtBy: [
      'acquire: two attempts of one lease at the same time are one possession',
      'restart: an attempt that met it can be repeated, and one that was answered still holds',
      'slow: an attempt that is repeated before its answer came is one possession',
    ],
    wrap: (storage, world) => {
      const under = keys(world);
      return withChanges(storage, {
        async acquire(request) {
          if (under.has(request.leaseId)) await storage.forceRelease(request.key);
          under.add(request.leaseId);
          const result = await storage.acquire(request);
          under.delete(request.leaseId);
          return result;
        },
      });
    },
  },
  {
    name: 'never answers a call that met a stall',
    caughtBy: [
      'stall: calls that met it settle when it is over, and what they asked for can be asked again',
      'stall: when it is over, who waits and watches still hears',
    ],
    wrap: (storage) =>
      guarded(storage, async (call) => {
        const stop = new AbortController();
        const stalled = sleep(20, true, stop).catch(() => false);
        const result = call().finally(() => stop.abort());
        result.catch(() => undefined);
        if (
          await Promise.race([
            stalled,
            result.then(
              () => false,
              () => false,
            ),
          ])
        )
          await new Promise(() => undefined);
        return result;
      }),
  },
];

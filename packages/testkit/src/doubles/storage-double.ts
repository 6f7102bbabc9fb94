import type { Clock, LeaseNews, LockStorage, RenewRequest, RenewResult, StorageError } from '@lockscope/storage';

/** A storage with one defect, made from a good one, to show that the contract sees it. */
export interface StorageDouble {
  /** The defect in words. */
  readonly name: string;
  /** Every case of `storageContract` that it must fail; all others it passes. Those that need a verb are among them. */
  readonly caughtBy: readonly string[];
  /** Gives the broken storage. */
  readonly wrap: (storage: LockStorage, world: StorageWorld) => LockStorage;
}

/** What a double needs to know beside the good storage. */
export interface StorageWorld {
  /** The wall clock, which the good storage does not read. */
  readonly clock: Clock;
  /** Stands for the data: instances on the same data have the same one, also after it was closed and opened. */
  readonly data: object;
}

/** The storage as it is, except for the methods that are given. What renews many renews each as `renew` does. */
export function withChanges(storage: LockStorage, changes: Partial<LockStorage>): LockStorage {
  const { renew } = changes;
  const renewMany = async (requests: readonly RenewRequest[]): ReturnType<NonNullable<LockStorage['renewMany']>> => {
    if (renew === undefined) return (await storage.renewMany?.(requests)) ?? [];
    const one = (each: RenewRequest): Promise<RenewResult | StorageError> =>
      renew(each.key, each.leaseId, each.leaseMs, each.update).catch((error: StorageError) => {
        if (error.code === 'STORAGE_CLOSED') throw error;
        return error;
      });
    return Promise.all(requests.map(one));
  };
  return {
    name: storage.name,
    capabilities: storage.capabilities,
    acquire: (request) => storage.acquire(request),
    renew: (key, leaseId, leaseMs, update) => storage.renew(key, leaseId, leaseMs, update),
    ...(storage.renewMany !== undefined && { renewMany }),
    release: (key, leaseId) => storage.release(key, leaseId),
    ...(storage.leave !== undefined && { leave: async (key, leaseId) => storage.leave?.(key, leaseId) }),
    forceRelease: (key) => storage.forceRelease(key),
    read: (key) => storage.read(key),
    list: (options) => storage.list(options),
    ...(storage.watch !== undefined && {
      watch: (key, leaseId, tell) => storage.watch?.(key, leaseId, tell) ?? (() => undefined),
    }),
    close: () => storage.close(),
    ...changes,
  };
}

/** What one who watches is told by. */
export type Tell = (news: LeaseNews) => void;

/** What is told goes through `change`. */
export function telling(storage: LockStorage, change: (news: LeaseNews, tell: Tell, key: string) => void): LockStorage {
  const watch: LockStorage['watch'] = (key, leaseId, tell) =>
    storage.watch?.(key, leaseId, (news) => change(news, tell, key)) ?? (() => undefined);
  return withChanges(storage, { watch });
}

/** The same without one of its fields. */
export function without<T extends object, K extends keyof T>(value: T, field: K): Omit<T, K> {
  const copy = { ...value };
  Reflect.deleteProperty(copy, field);
  return copy;
}

/** Gives what all instances on the same data share. */
export function sharedBy<T>(make: () => T): (world: StorageWorld) => T {
  const states = new WeakMap<object, T>();
  return ({ data }) => {
    const known = states.get(data);
    if (known !== undefined) return known;
    const state = make();
    states.set(data, state);
    return state;
  };
}

import type { AcquireResult, LockRecord, Predecessor } from '@lockscope/storage';

import { sharedBy, withChanges, type StorageDouble } from './storage-double.ts';

/** What is known when the number of a new possession is chosen. */
interface Choice {
  /** The number of the possession before; 0 when there was none. */
  readonly last: number;
  readonly previous: Predecessor | undefined;
  /** Possessions of other keys since the last one of this key. */
  readonly othersSince: number;
}

/** Numbers possessions anew; whatever the storage tells of them then carries the new number. */
class Numbering {
  readonly #choose: (choice: Choice) => number;
  readonly #shown = new Map<string, number>();
  readonly #last = new Map<string, { token: number; at: number }>();
  #possessions = 0;

  constructor(choose: (choice: Choice) => number) {
    this.#choose = choose;
  }

  granted({ record, previous, ...rest }: Extract<AcquireResult, { acquired: true }>): AcquireResult {
    const id = `${record.fencingToken} ${record.key}`;
    if (!this.#shown.has(id)) {
      this.#possessions += 1;
      const last = this.#last.get(record.key);
      const othersSince = last === undefined ? 0 : this.#possessions - last.at;
      const token = this.#choose({ last: last?.token ?? 0, previous, othersSince });
      this.#shown.set(id, token);
      this.#last.set(record.key, { token, at: this.#possessions });
    }
    const before = previous && { ...previous, fencingToken: this.#of(record.key, previous.fencingToken) };
    return { ...rest, record: this.show(record), previous: before };
  }

  /** Forgets which token was the last of each key. */
  forget(): void {
    this.#last.clear();
  }

  show<R extends LockRecord | undefined>(record: R): R {
    return record && { ...record, fencingToken: this.#of(record.key, record.fencingToken) };
  }

  #of(key: string, token: number): number {
    return this.#shown.get(`${token} ${key}`) ?? token;
  }
}

function numbered(
  name: string,
  caughtBy: readonly string[],
  choose: (choice: Choice) => number,
  forgetful = false,
): StorageDouble {
  const shared = sharedBy(() => new Numbering(choose));
  const wrap: StorageDouble['wrap'] = (storage, world) => {
    const numbering = shared(world);
    return withChanges(storage, {
      async acquire(request) {
        const result = await storage.acquire(request);
        return result.acquired ? numbering.granted(result) : { ...result, record: numbering.show(result.record) };
      },
      async renew(key, leaseId, leaseMs, update) {
        const result = await storage.renew(key, leaseId, leaseMs, update);
        return result.renewed ? result : { ...result, record: numbering.show(result.record) };
      },
      async release(key, leaseId) {
        const { released, record } = await storage.release(key, leaseId);
        return { released, record: numbering.show(record) };
      },
      forceRelease: async (key) => numbering.show(await storage.forceRelease(key)),
      async read(key) {
        const state = await storage.read(key);
        return { ...state, record: numbering.show(state.record) };
      },
      async *list(options) {
        for await (const state of storage.list(options)) yield { ...state, record: numbering.show(state.record) };
      },
      close() {
        if (forgetful) numbering.forget();
        return storage.close();
      },
    });
  };
  return { name, caughtBy, wrap };
}

export const tokenDoubles: readonly StorageDouble[] = [
  numbered(
    'gives the same token again after a release',
    [
      'tokens: rise with every acquire and release, a thousand times',
      'tokens: rise when the lock was taken away by force',
      'tokens: rise when two instances take turns',
      'tokens: rise although many other keys came and went',
      'durable: locks are still held and tokens still rise after it was closed and opened',
      'connection: after it broke, the storage finds a new one by itself, and no lock was lost',
      'stall: a server that stood still goes on with the same holders and rising tokens',
      'restart: of the server loses no lock, and no token comes twice',
    ],
    ({ last, previous }) => (previous?.releasedAt === undefined ? last + 1 : Math.max(1, last)),
  ),
  numbered(
    'begins at 1 again after a release',
    [
      'tokens: rise with every acquire and release, a thousand times',
      'tokens: rise when the lock was taken away by force',
      'tokens: rise when two instances take turns',
      'tokens: rise although many other keys came and went',
      'durable: locks are still held and tokens still rise after it was closed and opened',
      'connection: after it broke, the storage finds a new one by itself, and no lock was lost',
      'stall: a server that stood still goes on with the same holders and rising tokens',
      'restart: of the server loses no lock, and no token comes twice',
    ],
    ({ last, previous }) => (previous?.releasedAt === undefined ? last + 1 : 1),
  ),
  numbered(
    'gives the same token again when a lease is taken over',
    [
      'expiry: an attempt of a lease that is over begins a new possession',
      'tokens: rise when a lease that ran out is taken over',
      'races: of 100 that want a lock whose lease ran out, one gets it',
    ],
    ({ last, previous }) => (previous?.expiredAt === undefined ? last + 1 : last),
  ),
  numbered(
    'begins at 1 again when a key was not used for long',
    ['tokens: rise although many other keys came and went'],
    ({ last, othersSince }) => (othersSince > 500 ? 1 : last + 1),
  ),
  numbered(
    'begins at 1 again when it is opened again',
    ['durable: locks are still held and tokens still rise after it was closed and opened'],
    ({ last }) => last + 1,
    true,
  ),
];

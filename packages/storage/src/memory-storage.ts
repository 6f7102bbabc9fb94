import { monotoneClock, type Clock } from './clock.ts';
import { StorageClosedError } from './errors.ts';
import type {
  AcquireRequest,
  AcquireResult,
  ListOptions,
  LockStorage,
  Predecessor,
  ReleaseResult,
  RenewResult,
  StorageCapabilities,
} from './lock-storage.ts';
import type { Holder, LockRecord, LockState } from './record.ts';

/** Options of {@link MemoryStorage}. */
export interface MemoryStorageOptions {
  /** Default: the wall clock of the start, followed by the monotonic clock. */
  readonly clock?: Clock;
}

/**
 * Locks in the memory of this process: for tests, for one process, and as the yardstick of what the rest costs. All
 * that share the object share the locks. Tokens rise over all keys together, so no key is remembered for its token.
 */
export class MemoryStorage implements LockStorage {
  readonly name = 'memory';
  readonly capabilities: StorageCapabilities = Object.freeze({
    reach: 'process',
    durable: false,
    notifies: true,
    queues: true,
  });
  readonly #clock: Clock;
  readonly #places = new Map<string, Place>();
  readonly #watchers = new Map<string, Set<() => void>>();
  #token = 0;
  #held = 0;
  #closed = false;

  constructor(options: MemoryStorageOptions = {}) {
    this.#clock = options.clock ?? monotoneClock();
  }

  acquire({ key, leaseId, leaseMs, holder, waitMs }: AcquireRequest): Promise<AcquireResult> {
    if (this.#closed) return this.#refuse('acquire');
    const storageNow = this.#clock.now();
    let place = this.#places.get(key);
    if (place === undefined) this.#places.set(key, (place = new Place()));
    else this.#expire(place, storageNow);
    const { record, waiters } = place;
    if (record?.leaseId === leaseId) {
      place.record = Object.freeze({ ...record, expiresAt: storageNow + leaseMs });
      return Promise.resolve({ acquired: true, record: place.record, previous: place.previous, storageNow });
    }
    const position = waiters.length === 0 ? -1 : waiters.findIndex((waiter) => waiter.leaseId === leaseId);
    if (record !== undefined || (waiters.length > 0 && position !== 0)) {
      const ahead = wait(place, position, leaseId, holder, waitMs, storageNow);
      return Promise.resolve({ acquired: false, record, ahead, storageNow });
    }
    if (position === 0) waiters.shift();
    const { previous } = place;
    const fencingToken = (this.#token += 1);
    place.record = Object.freeze({
      key,
      leaseId,
      holder,
      fencingToken,
      acquiredAt: storageNow,
      expiresAt: storageNow + leaseMs,
    });
    this.#held += 1;
    return Promise.resolve({ acquired: true, record: place.record, previous, storageNow });
  }

  renew(key: string, leaseId: string, leaseMs: number): Promise<RenewResult> {
    if (this.#closed) return this.#refuse('renew');
    const storageNow = this.#clock.now();
    const place = this.#place(key, storageNow);
    const record = place?.record;
    if (place === undefined || record?.leaseId !== leaseId)
      return Promise.resolve({ renewed: false, record, storageNow });
    const expiresAt = storageNow + leaseMs;
    place.record = Object.freeze({ ...record, expiresAt });
    return Promise.resolve({ renewed: true, expiresAt, storageNow });
  }

  release(key: string, leaseId: string): Promise<ReleaseResult> {
    if (this.#closed) return this.#refuse('release');
    const storageNow = this.#clock.now();
    const place = this.#place(key, storageNow);
    if (place?.record?.leaseId !== leaseId) return Promise.resolve({ released: false, record: place?.record });
    this.#free(key, place, storageNow);
    return Promise.resolve(released);
  }

  leave(key: string, leaseId: string): Promise<void> {
    if (this.#closed) return this.#refuse('leave');
    const place = this.#place(key, this.#clock.now());
    if (place !== undefined) {
      const left = place.waiters.findIndex((waiter) => waiter.leaseId === leaseId);
      if (left !== -1) place.waiters.splice(left, 1);
      if (left === 0 && place.record === undefined) this.#wake(key);
    }
    return Promise.resolve();
  }

  forceRelease(key: string): Promise<LockRecord | undefined> {
    if (this.#closed) return this.#refuse('force release');
    const storageNow = this.#clock.now();
    const place = this.#place(key, storageNow);
    const record = place?.record;
    if (place !== undefined && record !== undefined) this.#free(key, place, storageNow);
    return Promise.resolve(record);
  }

  read(key: string): Promise<LockState> {
    if (this.#closed) return this.#refuse('read');
    const storageNow = this.#clock.now();
    return Promise.resolve(stateOf(this.#place(key, storageNow), storageNow));
  }

  async *list({ prefix = '' }: ListOptions = {}): AsyncGenerator<LockState & { readonly record: LockRecord }> {
    if (this.#closed) await this.#refuse('list');
    const keys = [...this.#places.keys()].filter((key) => key.startsWith(prefix)).toSorted();
    for (const key of keys) {
      const storageNow = this.#clock.now();
      const { record, ...rest } = stateOf(this.#place(key, storageNow), storageNow);
      if (record !== undefined) yield { record, ...rest };
    }
  }

  watch(key: string, wake: () => void): () => void {
    const watchers = this.#watchers.get(key) ?? new Set();
    const entry = (): void => wake();
    watchers.add(entry);
    this.#watchers.set(key, watchers);
    return () => {
      watchers.delete(entry);
      if (watchers.size === 0 && this.#watchers.get(key) === watchers) this.#watchers.delete(key);
    };
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#places.clear();
    this.#watchers.clear();
    return Promise.resolve();
  }

  #place(key: string, now: number): Place | undefined {
    const place = this.#places.get(key);
    if (place !== undefined) this.#expire(place, now);
    return place;
  }

  #expire(place: Place, now: number): void {
    const { record } = place;
    if (record !== undefined && record.expiresAt <= now) {
      place.previous = { holder: record.holder, fencingToken: record.fencingToken, expiredAt: record.expiresAt };
      place.record = undefined;
      this.#held -= 1;
    }
    if (place.waiters.length > 0) place.waiters = place.waiters.filter((waiter) => waiter.goneAt > now);
  }

  #free(key: string, place: Place, releasedAt: number): void {
    const { holder, fencingToken } = place.record as LockRecord;
    place.record = undefined;
    place.previous = { holder, fencingToken, releasedAt };
    this.#held -= 1;
    this.#wake(key);
    if (this.#places.size > 2 * this.#held + freePlacesKept) this.#sweep();
  }

  /** Forgets the free places, and with them who came before: once in as many releases as it has places to go through. */
  #sweep(): void {
    for (const [key, place] of this.#places) {
      if (place.record === undefined && place.waiters.length === 0) this.#places.delete(key);
    }
  }

  #wake(key: string): void {
    const watchers = this.#watchers.get(key);
    if (watchers === undefined) return;
    queueMicrotask(() => {
      for (const wake of watchers) wake();
    });
  }

  #refuse(operation: string): Promise<never> {
    return Promise.reject(new StorageClosedError(this.name, operation));
  }
}

const freePlacesKept = 1000;
const released: ReleaseResult = Object.freeze({ released: true });

interface Waiter {
  readonly leaseId: string;
  readonly holder: Holder;
  readonly since: number;
  goneAt: number;
}

/** What is kept for one key. */
class Place {
  record: LockRecord | undefined = undefined;
  previous: Predecessor | undefined = undefined;
  waiters: Waiter[] = [];
}

/** Puts a waiter on record, or keeps its place; gives how many are before it. */
function wait(
  place: Place,
  position: number,
  leaseId: string,
  holder: Holder,
  waitMs: number | undefined,
  now: number,
): number {
  const { waiters } = place;
  const known = waiters[position];
  if (waitMs === undefined) return known === undefined ? waiters.length : position;
  if (known !== undefined) {
    known.goneAt = now + waitMs;
    return position;
  }
  waiters.push({ leaseId, holder, since: now, goneAt: now + waitMs });
  return waiters.length - 1;
}

function stateOf(place: Place | undefined, storageNow: number): LockState {
  const waiters = place?.waiters.map(({ leaseId, holder, since }) => ({ leaseId, holder, since })) ?? [];
  return { record: place?.record, waiters, storageNow };
}

import { monotoneClock, type Clock } from './clock.ts';
import { StorageClosedError } from './errors.ts';
import type {
  AcquireRequest,
  AcquireResult,
  LeaseNews,
  LeaseUpdate,
  ListOptions,
  LockStorage,
  ReleaseResult,
  RenewResult,
  StorageCapabilities,
} from './lock-storage.ts';
import { MemoryPlace } from './memory-place.ts';
import type { LockRecord, LockState } from './record.ts';

/** Options of {@link MemoryStorage}. */
export interface MemoryStorageOptions {
  /** Default: the wall clock of the start, followed by the monotonic clock. */
  readonly clock?: Clock;
}

/**
 * Locks in the memory of this process: for tests, for one process, and as the yardstick of what the rest costs. All
 * that share the object share the locks. A freed lock is handed straight to the first waiter that watches. Tokens rise
 * over all keys together, so no key is remembered for its token.
 */
export class MemoryStorage implements LockStorage {
  readonly name = 'memory';
  readonly capabilities: StorageCapabilities = Object.freeze({
    reach: 'process',
    durable: false,
    notifies: true,
    queues: true,
    shares: true,
    turns: true,
  });
  readonly #clock: Clock;
  readonly #places = new Map<string, MemoryPlace>();
  /** By lease; one that waits for several keys is told of all. */
  readonly #watchers = new Map<string, Set<(news: LeaseNews) => void>>();
  #token = 0;
  #sweepAt = placesKept;
  #closed = false;

  constructor(options: MemoryStorageOptions = {}) {
    this.#clock = options.clock ?? monotoneClock();
  }

  acquire(request: AcquireRequest): Promise<AcquireResult> {
    if (this.#closed) return this.#refuse('acquire');
    const { key, leaseId, leaseMs } = request;
    const now = this.#clock.now();
    let place = this.#places.get(key);
    if (place === undefined) this.#places.set(key, (place = this.#newPlace()));
    else place.pass(now);
    const held = place.holding(leaseId);
    if (held !== undefined) return Promise.resolve(place.grantAgain(held, leaseMs, now));
    const position = place.position(leaseId);
    if (place.admits(request, position))
      return Promise.resolve(place.grant(request, this.#nextToken(request), now, leaseMs));
    const ahead = place.wait(request, position, now);
    const turns = place.turnsFor(request, ahead);
    return Promise.resolve({ acquired: false, record: place.holders[0], ahead, ...turns, storageNow: now });
  }

  renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult> {
    if (this.#closed) return this.#refuse('renew');
    const storageNow = this.#clock.now();
    const place = this.#place(key, storageNow);
    const record = place?.holding(leaseId);
    if (place === undefined || record === undefined)
      return Promise.resolve({ renewed: false, ...refusal(place, leaseId), storageNow });
    const expiresAt = storageNow + leaseMs;
    const fencingToken = Math.max(record.fencingToken, update?.fencingToken ?? 0);
    this.#token = Math.max(this.#token, fencingToken);
    place.change(record, { expiresAt, fencingToken, holder: update?.holder ?? record.holder });
    return Promise.resolve({ renewed: true, expiresAt, storageNow });
  }

  release(key: string, leaseId: string): Promise<ReleaseResult> {
    if (this.#closed) return this.#refuse('release');
    const now = this.#clock.now();
    const place = this.#place(key, now);
    const record = place?.holding(leaseId);
    if (place === undefined || record === undefined)
      return Promise.resolve({ released: false, ...refusal(place, leaseId) });
    place.release(record, now);
    this.#handOver(place, now);
    return Promise.resolve(released);
  }

  leave(key: string, leaseId: string): Promise<void> {
    if (this.#closed) return this.#refuse('leave');
    const now = this.#clock.now();
    const place = this.#place(key, now);
    if (place !== undefined) {
      const record = place.holding(leaseId);
      if (record === undefined) place.leave(leaseId);
      else place.release(record, now);
      this.#handOver(place, now);
    }
    return Promise.resolve();
  }

  forceRelease(key: string): Promise<LockRecord | undefined> {
    if (this.#closed) return this.#refuse('force release');
    const now = this.#clock.now();
    const place = this.#place(key, now);
    const removed = place?.holders ?? [];
    place?.force(now);
    for (const { leaseId } of removed) this.#tell(leaseId, { type: 'forced' });
    if (place !== undefined) this.#handOver(place, now);
    return Promise.resolve(removed[0]);
  }

  read(key: string): Promise<LockState> {
    if (this.#closed) return this.#refuse('read');
    const now = this.#clock.now();
    return Promise.resolve(this.#place(key, now)?.state(now) ?? { record: undefined, waiters: [], storageNow: now });
  }

  async *list({ prefix = '' }: ListOptions = {}): AsyncGenerator<LockState & { readonly record: LockRecord }> {
    if (this.#closed) await this.#refuse('list');
    const keys = [...this.#places.keys()].filter((key) => key.startsWith(prefix)).toSorted();
    for (const key of keys) {
      const now = this.#clock.now();
      const { record, ...rest } = this.#place(key, now)?.state(now) ?? nothing;
      if (record !== undefined) yield { record, ...rest };
    }
  }

  watch(_key: string, leaseId: string, tell: (news: LeaseNews) => void): () => void {
    if (this.#closed) return () => undefined;
    const watchers = this.#watchers.get(leaseId) ?? new Set();
    const entry = (news: LeaseNews): void => tell(news);
    this.#watchers.set(leaseId, watchers.add(entry));
    return () => {
      watchers.delete(entry);
      if (watchers.size === 0 && this.#watchers.get(leaseId) === watchers) this.#watchers.delete(leaseId);
    };
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#places.clear();
    this.#watchers.clear();
    return Promise.resolve();
  }

  #place(key: string, now: number): MemoryPlace | undefined {
    const place = this.#places.get(key);
    place?.pass(now);
    return place;
  }

  /** When there are many places, those that nobody uses are forgotten, and with them who came before. */
  #newPlace(): MemoryPlace {
    if (this.#places.size >= this.#sweepAt) {
      const now = this.#clock.now();
      for (const [key, place] of this.#places) {
        place.pass(now);
        if (place.isUnused) this.#places.delete(key);
      }
      this.#sweepAt = Math.max(placesKept, 2 * this.#places.size);
    }
    return new MemoryPlace();
  }

  #nextToken({ tokenAbove = 0, spareTokens = 0 }: AcquireRequest): number {
    const token = Math.max(this.#token, tokenAbove) + 1;
    this.#token = token + spareTokens;
    return token;
  }

  /** To the first waiter, and to those behind it that share with it. For one that does not watch the lock is kept until it asks. */
  #handOver(place: MemoryPlace, now: number): void {
    for (let next = place.next; next !== undefined && this.#watchers.has(next.leaseId); next = place.next) {
      const { leaseId, leaseMs, claimMs = leaseMs } = next;
      const result = place.grant(next, this.#nextToken(next), now, Math.min(leaseMs, claimMs));
      this.#tell(leaseId, { type: 'granted', result });
    }
  }

  #tell(leaseId: string, news: LeaseNews): void {
    const watchers = this.#watchers.get(leaseId);
    if (watchers === undefined) return;
    queueMicrotask(() => {
      for (const tell of watchers) tell(news);
    });
  }

  #refuse(operation: string): Promise<never> {
    return Promise.reject(new StorageClosedError(this.name, operation));
  }
}

const placesKept = 1000;
const nothing: LockState = Object.freeze({ record: undefined, waiters: [], storageNow: 0 });
const released: ReleaseResult = Object.freeze({ released: true });

function refusal(place: MemoryPlace | undefined, leaseId: string): { record: LockRecord | undefined; forced: boolean } {
  return { record: place?.holders[0], forced: place?.wasForced(leaseId) === true };
}

import { ForeignRecordError, StorageClosedError, StorageError } from './errors.ts';
import { parseHolder } from './holder.ts';
import type {
  AcquireRequest,
  AcquireResult,
  LeaseUpdate,
  ListOptions,
  LockStorage,
  ReleaseResult,
  RenewResult,
  StorageCapabilities,
} from './lock-storage.ts';
import type { LockRecord, LockState } from './record.ts';
import { formatState, isCount, isHeld, parseState, predecessorOf, type VersionedState } from './versioned-state.ts';
import type { VersionedStore } from './versioned-store.ts';

/** Options of {@link liftVersioned}. */
export interface LiftVersionedOptions {
  /**
   * How often an operation tries again at once when somebody else wrote the record between its look and its write.
   * More gets through denser traffic on one key, less gives up sooner with a `StorageError`. Default 20.
   */
  readonly conflictRetries?: number;
}

const defaults = Object.freeze({ conflictRetries: 20 });

/**
 * Makes a full lock storage of a versioned store. An operation looks at record and time, which is one round trip where
 * the store answers two questions at once, and writes in a second one.
 *
 * A release leaves the record where it is, marked as released, so that tokens never go back: one small record for each
 * key that was ever locked. The token is a number of its own inside the text, because a renewal writes a new version
 * but is the same possession. Waiters are not on record and nobody is told of a release: they have to ask again.
 *
 * @throws {RangeError} when `conflictRetries` is not a whole number of at least 0.
 */
export function liftVersioned(store: VersionedStore, options: LiftVersionedOptions = {}): LockStorage {
  const { conflictRetries } = { ...defaults, ...options };
  if (!Number.isSafeInteger(conflictRetries) || conflictRetries < 0) {
    throw new RangeError(`conflictRetries must be a whole number of at least 0, got ${conflictRetries}`);
  }
  return new VersionedStorage(store, conflictRetries);
}

/** What one look at a key has found. */
interface Look {
  readonly version: number;
  readonly state: VersionedState | undefined;
  /** The record, if somebody has the lock now. */
  readonly held: LockRecord | undefined;
  readonly now: number;
}

/** What is to be written, and the answer once it is; without `write` the answer is given at once. */
interface Step<T> {
  readonly write?: VersionedState;
  readonly answer: T;
}

class VersionedStorage implements LockStorage {
  readonly name: string;
  readonly capabilities: StorageCapabilities;
  readonly #store: VersionedStore;
  readonly #conflictRetries: number;
  #closing: Promise<void> | undefined;

  constructor(store: VersionedStore, conflictRetries: number) {
    this.name = store.name;
    const { reach, durable } = store.capabilities;
    this.capabilities = Object.freeze({ reach, durable, notifies: false, queues: false, shares: false, turns: false });
    this.#store = store;
    this.#conflictRetries = conflictRetries;
  }

  acquire(request: AcquireRequest): Promise<AcquireResult> {
    const { key, leaseId, leaseMs, holder, share, spareTokens = 0, tokenAbove = 0 } = request;
    if (share !== undefined)
      return Promise.reject(new StorageError(this.name, 'acquire', 'it has no locks that several can share'));
    return this.#change('acquire', key, ({ state, held, now }): Step<AcquireResult> => {
      const expiresAt = now + leaseMs;
      if (held === undefined) {
        const fencingToken = Math.max(state?.tokens ?? 0, tokenAbove) + 1;
        const tokens = fencingToken + spareTokens;
        const recorded = parseHolder(holder) ?? holder;
        const record = Object.freeze({ key, leaseId, holder: recorded, fencingToken, acquiredAt: now, expiresAt });
        const previous = state === undefined ? undefined : predecessorOf(state);
        const answer = { acquired: true, record, previous, storageNow: now } as const;
        return { write: { record, tokens, releasedAt: undefined, previous, forced: state?.forced }, answer };
      }
      if (held.leaseId !== leaseId) {
        return { answer: { acquired: false, record: held, ahead: undefined, storageNow: now } };
      }
      const record = Object.freeze({ ...held, expiresAt });
      const { tokens = record.fencingToken, previous, forced } = state ?? {};
      const answer = { acquired: true, record, previous, storageNow: now } as const;
      return { write: { record, tokens, releasedAt: undefined, previous, forced }, answer };
    });
  }

  renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult> {
    return this.#change('renew', key, ({ state, held, now }): Step<RenewResult> => {
      if (state === undefined || held?.leaseId !== leaseId) {
        return { answer: { renewed: false, record: held, forced: state?.forced === leaseId, storageNow: now } };
      }
      const expiresAt = now + leaseMs;
      const holder = parseHolder(update?.holder) ?? held.holder;
      const fencingToken = Math.max(held.fencingToken, update?.fencingToken ?? 0);
      const tokens = Math.max(state.tokens, fencingToken);
      const write = { ...state, tokens, record: { ...held, holder, fencingToken, expiresAt } };
      return { write, answer: { renewed: true, expiresAt, storageNow: now } };
    });
  }

  release(key: string, leaseId: string): Promise<ReleaseResult> {
    return this.#change('release', key, ({ state, held, now }): Step<ReleaseResult> => {
      if (state === undefined || held?.leaseId !== leaseId)
        return { answer: { released: false, record: held, forced: state?.forced === leaseId } };
      return { write: { ...state, releasedAt: now }, answer: { released: true } };
    });
  }

  forceRelease(key: string): Promise<LockRecord | undefined> {
    return this.#change('force release', key, ({ state, held, now }): Step<LockRecord | undefined> => {
      if (state === undefined || held === undefined) return { answer: undefined };
      return { write: { ...state, releasedAt: now, forced: held.leaseId }, answer: held };
    });
  }

  read(key: string): Promise<LockState> {
    return this.#call('read', async () => {
      const { held, now } = await this.#look('read', key);
      return { record: held, waiters: [], storageNow: now };
    });
  }

  /** Leaves out what Lockscope did not write; who asks for the key is told of it. */
  async *list({ prefix = '' }: ListOptions = {}): AsyncGenerator<LockState & { readonly record: LockRecord }> {
    const { states, storageNow } = await this.#call('list', async () => {
      const found = new Map<string, VersionedState>();
      for await (const { key, text } of this.#store.list(prefix)) {
        const state = parseState(key, text);
        if (typeof state !== 'string' && key.startsWith(prefix)) found.set(key, state);
      }
      // Asked last, so that no record is from later than what is told as the time.
      return { states: [...found.values()], storageNow: await this.#time() };
    });
    const held = states.filter((state) => isHeld(state, storageNow)).map(({ record }) => record);
    for (const record of held.toSorted((a, b) => (a.key < b.key ? -1 : 1))) yield { record, waiters: [], storageNow };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#wrapped('close', () => this.#store.close()));
  }

  /** Looks, decides and writes; again from the look on when somebody else has written in between. */
  #change<T>(operation: string, key: string, decide: (look: Look) => Step<T>): Promise<T> {
    return this.#call(operation, async () => {
      for (let tries = 0; tries <= this.#conflictRetries; tries += 1) {
        const look = await this.#look(operation, key);
        const { write, answer } = decide(look);
        if (write === undefined || (await this.#write(key, look.version, write))) return answer;
      }
      const problem = `others changed the record of ${JSON.stringify(key)} ${this.#conflictRetries + 1} times in a row before it could be written`;
      throw new StorageError(this.name, operation, problem);
    });
  }

  async #look(operation: string, key: string): Promise<Look> {
    const [found, now] = await Promise.all([this.#store.get(key), this.#time()]);
    if (found === undefined) return { version: 0, state: undefined, held: undefined, now };
    const { version, text } = found;
    const state = parseState(key, text);
    if (typeof state === 'string') throw new ForeignRecordError(this.name, operation, key, state);
    if (!isCount(version))
      throw new ForeignRecordError(this.name, operation, key, 'its version is not a whole number above 0');
    return { version, state, held: isHeld(state, now) ? state.record : undefined, now };
  }

  /** A lease can only be over by a time that is one. */
  async #time(): Promise<number> {
    const now = await this.#store.getTime();
    if (!Number.isFinite(now)) throw new TypeError(`the time of the store is not a number: ${String(now)}`);
    return now;
  }

  #write(key: string, version: number, state: VersionedState): Promise<boolean> {
    const text = formatState(state);
    if (version === 0) return this.#store.createWithVersion(key, 1, text);
    return this.#store.updateWithVersion(key, version, version + 1, text);
  }

  #call<T>(operation: string, work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(new StorageClosedError(this.name, operation));
    return this.#wrapped(operation, work);
  }

  /** Every failure of the store is a `StorageError`; its own words are the cause. */
  async #wrapped<T>(operation: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof StorageError) throw error;
      const problem = error instanceof Error ? error.message : String(error);
      throw new StorageError(this.name, operation, problem, { cause: error });
    }
  }
}

import {
  ForeignRecordError,
  StorageError,
  type AcquireRequest,
  type AcquireResult,
  type Companion,
  type Granted,
  type LeaseUpdate,
  type LockRecord,
  type LockState,
  type ReleaseResult,
  type RenewResult,
} from '@lockscope/storage';
import type { Database } from './database.ts';
import { isRefusedValue } from './failure.ts';
import { KeyState } from './key-state.ts';
import {
  parseBehind,
  parseEnded,
  parsePredecessor,
  parseRecord,
  recordedHolder,
  storedBehind,
  storedShare,
} from './lock-row.ts';
import { RecentIds } from './recent-ids.ts';
import { integer, rowsOf, time, type Answer } from './row.ts';
import type { SqlValues } from './script.ts';
import { toStoredText } from './stored-text.ts';
import { longest } from './tables.ts';

/** While this share of its waiting time is left, a waiter's place is kept as it is, so that asking again only reads. */
const restingShare = 0.8;
/** Microseconds; some two hundred years. What lasts longer lasts for ever. */
const forEver = 7e15;

/** The operations on single keys. Each is one command; an acquire that meets others is a second one. */
export class LockTable {
  readonly #database: Database;
  /** Leases that are in a line, by this process. */
  readonly #waiting = new RecentIds();
  /** Leases that share a lock, by this process. */
  readonly #sharing = new RecentIds();

  constructor(database: Database) {
    this.#database = database;
  }

  async acquire(request: AcquireRequest): Promise<AcquireResult> {
    const lease = named(request.key, request.leaseId, 'acquire');
    const { leaseId, waitMs, share } = request;
    const asksAgain = waitMs !== undefined && this.#waiting.has(leaseId);
    if (asksAgain) return (await this.#lookBusy(request, lease)) ?? this.#contend(request, lease);
    if (share !== undefined) return this.#contend(request, lease);
    const taken = await this.#take(request, lease);
    if (typeof taken === 'object') return taken;
    const looks = taken === 'held' && waitMs === undefined;
    return (looks ? await this.#lookBusy(request, lease) : undefined) ?? this.#contend(request, lease);
  }

  async renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult> {
    const lease = named(key, leaseId, 'renew');
    const values = { ...lease, ...updateValues(update), leaseUs: micros(leaseMs) };
    const state = stateIn(key, await this.#database.run('renew', 'renew', values));
    const record = state.holding(leaseId, 'renew');
    if (record !== undefined) {
      this.#noteShare(record, leaseMs);
      return renewed(record, leaseMs);
    }
    const [holder] = state.holders('renew');
    return { renewed: false, record: holder, forced: state.wasForced(lease.lease), storageNow: state.storageNow };
  }

  async release(key: string, leaseId: string): Promise<ReleaseResult> {
    const lease = named(key, leaseId, 'release');
    if (!this.#sharing.has(leaseId)) {
      const [, changed] = await this.#database.run('release', 'release', lease);
      if ((changed as { readonly affectedRows: number }).affectedRows > 0) return { released: true };
    }
    return this.#releaseAny(key, leaseId, 0, 'release');
  }

  async leave(key: string, leaseId: string): Promise<void> {
    this.#waiting.delete(leaseId);
    await this.#releaseAny(key, leaseId, 1, 'leave');
  }

  async forceRelease(key: string): Promise<LockRecord | undefined> {
    const answers = await this.#database.run('force release', 'force', { key: storedKey(key, 'force release') });
    const rows = answers.find((answer) => Array.isArray(answer));
    return new KeyState(key, rowsOf(rows)).holders('force release')[0];
  }

  async read(key: string): Promise<LockState> {
    return (await this.#look(key, 'read')).toLockState('read');
  }

  async #releaseAny(key: string, leaseId: string, leaves: 0 | 1, operation: string): Promise<ReleaseResult> {
    const lease = named(key, leaseId, operation);
    const answers = await this.#database.run(operation, 'releaseAny', { ...lease, leaves });
    this.#sharing.delete(leaseId);
    if (integer(rowsOf(answers.at(-3))[0]?.['done']) !== 0) return { released: true };
    if (leaves === 1) return { released: false };
    const state = stateIn(key, answers);
    return { released: false, record: state.holders(operation)[0], forced: state.wasForced(lease.lease) };
  }

  /** One command: gives the lock when nobody has it, shares it or waits for it; else says whether one has it alone. */
  async #take(request: AcquireRequest, lease: Lease): Promise<Granted | 'held' | 'crowded'> {
    const { key } = request;
    const answers = await this.#change(request, 'take', { ...lease, ...requestValues(request) });
    const row = rowsOf(answers.at(-2))[0] ?? {};
    const isGiven = row['lease_id']?.equals(lease.lease) === true && row['began_at']?.equals(row['asked_at'] as Buffer);
    const storageNow = time(row['now']) ?? 0;
    if (isGiven === true) {
      const record = parseRecord(key, row, 'acquire');
      return { acquired: true, record, previous: parsePredecessor(row), waiting: 0, storageNow };
    }
    // What cannot be read is told before anything is put on record.
    if ((time(row['ends_at']) ?? Infinity) <= storageNow) return 'crowded';
    parseRecord(key, row, 'acquire');
    return 'held';
  }

  /** Answers from a look alone when the lock is surely busy and nothing has to be noted. */
  async #lookBusy(request: AcquireRequest, { lease }: Lease): Promise<AcquireResult | undefined> {
    const { key, leaseId, waitMs, share, behind } = request;
    const state = await this.#look(key, 'acquire');
    const ahead = state.ahead(lease);
    if (state.holding(leaseId, 'acquire') !== undefined) return undefined;
    const admits = !state.isHeldAlone && (share === undefined ? state.sharing === 0 : state.sharing < share);
    if (admits && ahead === 0) return undefined;
    if (waitMs !== undefined) {
      const mine = state.waiter(lease);
      const left = (time(mine?.['ends_at']) ?? 0) - state.storageNow;
      const rests = left >= Math.min(waitMs, forEver / 1000) * restingShare;
      if (mine === undefined || !rests || !sameBehind(mine['behind'], behind)) return undefined;
    }
    const turns = asksForTurns(request) ? state.turnsFor(lease) : undefined;
    return { acquired: false, record: state.holders('acquire')[0], ahead, ...turns, storageNow: state.storageNow };
  }

  /** One command that knows everybody: holders, sharers, the line. */
  async #contend(request: AcquireRequest, lease: Lease): Promise<AcquireResult> {
    const { key, leaseId, leaseMs, share, waitMs, behind } = request;
    const values = {
      ...lease,
      ...requestValues(request),
      share: storedShare(share),
      waitUs: waitMs === undefined ? null : micros(waitMs),
      waitedUs: micros(request.waitedMs ?? 0),
      behind: storedBehind(behind),
      asks: asksForTurns(request) ? 1 : 0,
    };
    const state = stateIn(key, await this.#change(request, 'contend', values));
    const { storageNow } = state;
    const record = state.holding(leaseId, 'acquire');
    const turns = asksForTurns(request) ? state.turnsFor(lease.lease) : undefined;
    if (record === undefined) {
      if (waitMs !== undefined) this.#waiting.add(leaseId, Date.now() + waitMs);
      const ahead = state.ahead(lease.lease);
      return { acquired: false, record: state.holders('acquire')[0], ahead, ...turns, storageNow };
    }
    this.#waiting.delete(leaseId);
    this.#noteShare(record, leaseMs);
    const previous = record.share === undefined ? parsePredecessor(state.lock) : parseEnded(state.lock);
    return { acquired: true, record, previous, waiting: state.waiting, ...turns, storageNow };
  }

  async #look(key: string, operation: string): Promise<KeyState> {
    return stateIn(key, await this.#database.run(operation, 'read', { key: storedKey(key, operation) }));
  }

  /** The table refuses a token that cannot be raised any more: whoever wrote it, it was not Lockscope. */
  async #change({ key }: AcquireRequest, script: 'take' | 'contend', values: SqlValues): Promise<readonly Answer[]> {
    try {
      return await this.#database.run('acquire', script, values);
    } catch (error) {
      const { cause } = error as Error;
      if (!isRefusedValue(cause)) throw error;
      throw new ForeignRecordError('mysql', 'acquire', key, 'its token cannot be raised', { cause });
    }
  }

  #noteShare({ leaseId, share }: LockRecord, leaseMs: number): void {
    if (share !== undefined) this.#sharing.add(leaseId, Date.now() + leaseMs);
  }
}

function asksForTurns({ turns, waitMs }: AcquireRequest): boolean {
  return turns === true && waitMs !== undefined;
}

/** A key and a lease as they are stored. */
export type Lease = { readonly key: Buffer; readonly lease: Buffer };

/** @throws {StorageError} when one of them is too long for the tables. */
export function named(key: string, leaseId: string, operation: string): Lease {
  const lease = toStoredText(leaseId);
  if (lease.length > longest.leaseId)
    throw new StorageError('mysql', operation, `a lease id has at most ${longest.leaseId} bytes, got ${lease.length}`);
  return { key: storedKey(key, operation), lease };
}

function storedKey(key: string, operation: string): Buffer {
  const stored = toStoredText(key);
  if (stored.length > longest.key)
    throw new StorageError('mysql', operation, `a key has at most ${longest.key} bytes, got ${stored.length}`);
  return stored;
}

/** Milliseconds as the tables have them. */
export function micros(ms: number): number {
  return Math.min(forEver, Math.round(ms * 1000));
}

/** The answer to a renewal of so long: its moment is the one that the server decided by. */
export function renewed({ expiresAt }: LockRecord, leaseMs: number): RenewResult {
  return { renewed: true, expiresAt, storageNow: expiresAt - micros(leaseMs) / 1000 };
}

/** What a renewal changes of the record, as the tables have it. */
export function updateValues(update: LeaseUpdate | undefined): {
  readonly holder: Buffer | null;
  readonly token: number;
} {
  if (update === undefined) return { holder: null, token: 0 };
  return { holder: storedHolder(update.holder), token: update.fencingToken };
}

function requestValues({ leaseMs, holder, tokenAbove = 0, spareTokens = 0 }: AcquireRequest): SqlValues {
  return { leaseUs: micros(leaseMs), holder: storedHolder(holder), above: tokenAbove, spare: spareTokens };
}

function storedHolder(holder: AcquireRequest['holder']): Buffer {
  return Buffer.from(JSON.stringify(recordedHolder(holder)), 'utf8');
}

function stateIn(key: string, answers: readonly Answer[]): KeyState {
  return new KeyState(key, rowsOf(answers.at(-2)));
}

/** Whether the same wait behind, however long they have been waiting. */
function sameBehind(stored: Buffer | null | undefined, behind: AcquireRequest['behind']): boolean {
  return holdersText(parseBehind(stored)) === holdersText(behind?.slice(0, 100));
}

function holdersText(companions: readonly Companion[] = []): string {
  return JSON.stringify(companions.map(({ holder }) => recordedHolder(holder)));
}

import { mostTurns, type AcquireRequest, type Granted, type PastTurn, type Predecessor } from './lock-storage.ts';
import type { LockRecord, LockState, WaiterRecord } from './record.ts';

/** As many of those who wait behind a waiter are kept. */
const mostBehind = 100;

interface Waiter {
  readonly since: number;
  /** What it asked last. */
  request: AcquireRequest;
  askedAt: number;
  goneAt: number;
}

/** What the memory storage keeps for one key. Time is told, never read. */
export class MemoryPlace {
  /** Who has it: one, or several that share it; first come first. */
  holders: readonly LockRecord[] = nobody;
  #previous: Predecessor | undefined = undefined;
  #waiters: Waiter[] = [];
  /** What ended while somebody stood in line who asks for it, oldest first. */
  #turns: readonly PastTurn[] = noTurns;
  /** Leases that were taken away, until they would have ended. */
  readonly #forced = new Map<string, number>();

  get isUnused(): boolean {
    return this.holders.length === 0 && this.#waiters.length === 0;
  }

  holding(leaseId: string): LockRecord | undefined {
    return this.holders.find((record) => record.leaseId === leaseId);
  }

  wasForced(leaseId: string): boolean {
    return this.#forced.has(leaseId);
  }

  /** Ends what is over: leases, waiters that were not heard of. */
  pass(now: number): void {
    for (const record of this.holders) if (record.expiresAt <= now) this.#drop(record, { expiredAt: record.expiresAt });
    if (this.#waiters.some(({ goneAt }) => goneAt <= now))
      this.#waiters = this.#waiters.filter(({ goneAt }) => goneAt > now);
    for (const [leaseId, until] of this.#forced) if (until <= now) this.#forced.delete(leaseId);
  }

  /** Where a lease stands in the line; -1 when it does not. */
  position(leaseId: string): number {
    return this.#waiters.length === 0 ? -1 : this.#waiters.findIndex(({ request }) => request.leaseId === leaseId);
  }

  /** Whether a request that stands there may have the lock now. */
  admits({ share }: AcquireRequest, position: number): boolean {
    if (this.#waiters.length > 0 && position !== 0) return false;
    if (this.holders.length === 0) return true;
    return (
      share !== undefined && this.holders.length < share && this.holders.every((other) => other.share !== undefined)
    );
  }

  grant(request: AcquireRequest, fencingToken: number, now: number, leaseMs: number): Granted {
    const { key, leaseId, holder, share } = request;
    const position = this.position(leaseId);
    const turns = this.turnsFor(request, position);
    if (position !== -1) this.#waiters.splice(position, 1);
    const record: LockRecord = Object.freeze({
      key,
      leaseId,
      holder,
      fencingToken,
      acquiredAt: now,
      expiresAt: now + leaseMs,
      ...(share !== undefined && { share }),
    });
    this.holders = this.holders.length === 0 ? [record] : [...this.holders, record];
    return { ...this.#granted(record, now), ...turns };
  }

  /** What is told of possessions that ended to one who asks for it and stands there in line. */
  turnsFor({ turns }: AcquireRequest, position: number): { readonly turns?: readonly PastTurn[] } | undefined {
    const waiter = turns === true ? this.#waiters[position] : undefined;
    return waiter && { turns: this.#turns.filter(({ endedAt }) => endedAt >= waiter.since) };
  }

  /** The lease has it already. */
  grantAgain(record: LockRecord, leaseMs: number, now: number): Granted {
    return this.#granted(this.change(record, { expiresAt: now + leaseMs }), now);
  }

  change(record: LockRecord, changes: Partial<LockRecord>): LockRecord {
    const changed = Object.freeze({ ...record, ...changes });
    this.holders = this.holders.map((other) => (other === record ? changed : other));
    return changed;
  }

  #granted(record: LockRecord, storageNow: number): Granted {
    return { acquired: true, record, previous: this.#previous, waiting: this.#waiters.length, storageNow };
  }

  /** Puts a waiter on record, or keeps its place; gives how many are before it. */
  wait(request: AcquireRequest, position: number, now: number): number {
    const { waitMs } = request;
    if (waitMs === undefined) return position === -1 ? this.#waiters.length : position;
    const known = this.#waiters[position];
    if (known === undefined) {
      if (!this.#isAsked) this.#turns = noTurns;
      this.#waiters.push({ since: now - (request.waitedMs ?? 0), request, askedAt: now, goneAt: now + waitMs });
      return this.#waiters.length - 1;
    }
    Object.assign(known, { request, askedAt: now, goneAt: now + waitMs });
    return position;
  }

  release(record: LockRecord, now: number): void {
    this.#drop(record, { releasedAt: now });
  }

  force(now: number): void {
    for (const record of this.holders) {
      this.#forced.set(record.leaseId, record.expiresAt);
      this.#drop(record, { releasedAt: now });
    }
  }

  leave(leaseId: string): void {
    const position = this.position(leaseId);
    if (position !== -1) this.#waiters.splice(position, 1);
  }

  /** The first waiter, if the lock is free for it. */
  get next(): AcquireRequest | undefined {
    const first = this.#waiters[0]?.request;
    return first !== undefined && this.admits(first, 0) ? first : undefined;
  }

  state(storageNow: number): LockState {
    const [record, ...sharers] = this.holders;
    const waiters = this.#waiters.flatMap(stateOf);
    return { record, ...(sharers.length > 0 && { sharers }), waiters, storageNow };
  }

  get #isAsked(): boolean {
    return this.#waiters.some(({ request }) => request.turns === true);
  }

  #drop(record: LockRecord, end: { readonly releasedAt: number } | { readonly expiredAt: number }): void {
    const { holder, fencingToken, acquiredAt } = record;
    this.#previous = { holder, fencingToken, ...end };
    if (this.#isAsked) {
      const endedAt = 'releasedAt' in end ? end.releasedAt : end.expiredAt;
      const turn = Object.freeze({ holder, fencingToken, acquiredAt, endedAt });
      this.#turns = [...this.#turns, turn].slice(-mostTurns);
    } else this.#turns = noTurns;
    this.holders = this.holders.length === 1 ? nobody : this.holders.filter((other) => other !== record);
  }
}

const nobody: readonly LockRecord[] = Object.freeze([]);
const noTurns: readonly PastTurn[] = Object.freeze([]);

function stateOf({ request, since, askedAt }: Waiter): WaiterRecord[] {
  const { leaseId, holder, share, behind = [] } = request;
  const shared = share === undefined ? undefined : { share };
  return [
    { leaseId, holder, since, ...shared },
    ...behind
      .slice(0, mostBehind)
      .map((one) => ({ leaseId, holder: one.holder, since: askedAt - one.waitedMs, ...shared })),
  ];
}

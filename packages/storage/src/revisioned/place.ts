import { mostTurns, type AcquireRequest, type Companion, type PastTurn, type Predecessor } from '../lock-storage.ts';
import type { Holder, LockRecord, LockState, WaiterRecord } from '../record.ts';

/** One who has the lock. */
export interface Held {
  /** Its token and its times are final once the revision that gave them is stored: see `fresh`. */
  readonly record: LockRecord;
  /** From when on others may have the lock, by the server's stamp; absent while the stamp is not known. */
  readonly end?: number | undefined;
  /** The instance that wants news of it. */
  readonly news?: string | undefined;
  /** As in {@link Waiting}: it got the lock from the line. */
  readonly after?: number | undefined;
  /** There when the lease begins with the revision that is to be written. */
  readonly fresh?: FreshLease | undefined;
}

/** A lease whose beginning is the moment at which the server stores it. */
export interface FreshLease {
  /** What its writer takes for the server's time. */
  readonly from: number;
  readonly leaseMs: number;
  /** A renewal that the server stores later than this is void. */
  readonly by?: number | undefined;
  /** There when the possession begins, too. */
  readonly token?: { readonly above: number; readonly spare: number } | undefined;
}

/** One who waits. Its times are those that its writer took for the server's: nobody's safety hangs on them. */
export interface Waiting {
  readonly leaseId: string;
  readonly holder: Holder;
  readonly since: number;
  readonly askedAt: number;
  readonly goneAt: number;
  readonly leaseMs: number;
  readonly claimMs?: number | undefined;
  readonly share?: number | undefined;
  readonly spare?: number | undefined;
  readonly above?: number | undefined;
  readonly behind?: readonly Companion[] | undefined;
  /** The instance that is told when it gets the lock; absent: it asks. */
  readonly news?: string | undefined;
  /** How many turns had been remembered when it came; absent: it does not ask for them. */
  readonly after?: number | undefined;
}

/** A lease that was taken away, kept until it would have ended. */
export interface Forced {
  readonly leaseId: string;
  readonly until: number;
}

/** How many companions a waiter may name. */
export const maxBehind = 100;
/** How many get the lock in one revision: each needs a token of its own. */
export const tokensPerRevision = 16;

/** What is known of one key. Time is told, never read; what changes here is written as one revision. */
export class Place {
  holders: readonly Held[] = [];
  waiters: readonly Waiting[] = [];
  forced: readonly Forced[] = [];
  previous: Predecessor | undefined = undefined;
  /** Possessions that ended while somebody stood in line who asks for them, oldest first; of all that did, the last. */
  turns: readonly PastTurn[] = [];
  /** How many that were, since somebody has been there who asks. */
  ended = 0;
  /** The greatest token that was given or kept free. */
  floor = 0;

  /** The same, to be changed on its own. */
  copy(): Place {
    return Object.assign(new Place(), this);
  }

  /** False while the end of a lease is not known, because the revision that began it was not read back. */
  get isExact(): boolean {
    return this.holders.every(({ end }) => end !== undefined);
  }

  /** True when nobody has the lock, wants it, or was forced to give it up. */
  get isUnused(): boolean {
    return this.holders.length === 0 && this.waiters.length === 0 && this.forced.length === 0;
  }

  /** True when somebody asks who had the lock. */
  get isAsked(): boolean {
    return this.waiters.some(({ after }) => after !== undefined);
  }

  /** Who had the lock since this lease came into line, if it asks. */
  turnsFor(leaseId: string): { readonly turns?: readonly PastTurn[] } | undefined {
    const { after } = this.holding(leaseId) ?? this.waiters[this.position(leaseId)] ?? {};
    if (after === undefined) return undefined;
    return { turns: this.turns.slice(Math.max(after - this.ended + this.turns.length, 0)) };
  }

  holding(leaseId: string): Held | undefined {
    return this.holders.find(({ record }) => record.leaseId === leaseId);
  }

  wasForced(leaseId: string): boolean {
    return this.forced.some((one) => one.leaseId === leaseId);
  }

  /** Where a lease stands in the line; -1 when it does not. */
  position(leaseId: string): number {
    return this.waiters.findIndex((waiting) => waiting.leaseId === leaseId);
  }

  /** The earliest end of a lease; Infinity when none is known. */
  get nextEnd(): number {
    return Math.min(...this.holders.map(({ end = Infinity }) => end));
  }

  /** Ends what is over at `now`. */
  pass(now: number): void {
    for (const held of this.holders) {
      if (held.end !== undefined && held.end <= now) this.#drop(held, { expiredAt: held.record.expiresAt });
    }
    this.waiters = this.waiters.filter(({ goneAt }) => goneAt > now);
    this.forced = this.forced.filter(({ until }) => until > now);
  }

  /** Whether a request that stands there may have the lock now. */
  admits({ share }: { readonly share?: number | undefined }, position: number): boolean {
    if (this.waiters.length > 0 && position !== 0) return false;
    if (this.holders.length === 0) return true;
    if (share === undefined || this.holders.length >= share) return false;
    return this.holders.every(({ record }) => record.share !== undefined);
  }

  /** A new possession, which begins when the revision is stored. */
  grant(request: Grantee, from: number, leaseMs: number, news: string | undefined): void {
    const { key, leaseId, holder, share, spare = 0, above = 0 } = request;
    const after = this.waiters[this.position(leaseId)]?.after;
    this.leave(leaseId);
    const shared = share === undefined ? undefined : { share };
    const record: LockRecord = {
      key,
      leaseId,
      holder,
      fencingToken: 0,
      acquiredAt: from,
      expiresAt: from + leaseMs,
      ...shared,
    };
    this.holders = [...this.holders, { record, news, after, fresh: { from, leaseMs, token: { above, spare } } }];
  }

  /** A lease that goes on, from when the revision is stored. */
  extend(
    held: Held,
    from: number,
    leaseMs: number,
    more: { by?: number; news?: string | undefined; holder?: Holder; token?: number },
  ): void {
    const fencingToken = Math.max(held.record.fencingToken, more.token ?? 0);
    this.floor = Math.max(this.floor, fencingToken);
    const holder = more.holder ?? held.record.holder;
    const record = { ...held.record, holder, fencingToken, expiresAt: from + leaseMs };
    const { after } = held;
    const extended: Held = { record, news: more.news ?? held.news, after, fresh: { from, leaseMs, by: more.by } };
    this.holders = this.holders.map((other) => (other === held ? extended : other));
  }

  /** Puts a waiter on record, or keeps its place; gives how many are before it. */
  wait(request: AcquireRequest & { readonly waitMs: number }, now: number, news: string | undefined): number {
    const { leaseId, holder, leaseMs, claimMs, share, spareTokens, tokenAbove, behind, waitMs } = request;
    const position = this.position(leaseId);
    const since = this.waiters[position]?.since ?? now - (request.waitedMs ?? 0);
    const companions = behind === undefined || behind.length === 0 ? undefined : behind.slice(0, maxBehind);
    if (!this.isAsked) this.turns = [];
    const after = request.turns === true ? (this.waiters[position]?.after ?? this.ended) : undefined;
    const kept = { share, spare: spareTokens, above: tokenAbove, behind: companions, news, after };
    const waiting: Waiting = { leaseId, holder, since, askedAt: now, goneAt: now + waitMs, leaseMs, claimMs, ...kept };
    if (position === -1) this.waiters = [...this.waiters, waiting];
    else this.waiters = this.waiters.with(position, waiting);
    return position === -1 ? this.waiters.length - 1 : position;
  }

  leave(leaseId: string): void {
    if (this.position(leaseId) === -1) return;
    this.waiters = this.waiters.filter((waiting) => waiting.leaseId !== leaseId);
  }

  release(held: Held, now: number): void {
    this.#drop(held, { releasedAt: now });
  }

  force(now: number): void {
    for (const held of this.holders) {
      const { leaseId, expiresAt } = held.record;
      this.forced = [...this.forced, { leaseId, until: Math.max(expiresAt, held.end ?? 0) }];
      this.#drop(held, { releasedAt: now });
    }
  }

  /** To the first waiter, and to those behind it that share with it. For one that gets no news the lock is kept until it asks. */
  handOver(key: string, from: number): void {
    for (let count = 0; count < tokensPerRevision; count += 1) {
      const [next] = this.waiters;
      if (next?.news === undefined || !this.admits(next, 0)) return;
      this.grant({ ...next, key }, from, Math.min(next.leaseMs, next.claimMs ?? next.leaseMs), next.news);
    }
  }

  state(storageNow: number): LockState {
    const [record, ...sharers] = this.holders.map((held) => held.record);
    return { record, ...(sharers.length > 0 && { sharers }), waiters: this.waiters.flatMap(stateOf), storageNow };
  }

  #drop(held: Held, end: { readonly releasedAt: number } | { readonly expiredAt: number }): void {
    const { holder, fencingToken, acquiredAt } = held.record;
    this.previous = { holder, fencingToken, ...end };
    const endedAt = 'releasedAt' in end ? end.releasedAt : end.expiredAt;
    const isAsked = this.isAsked;
    this.turns = isAsked ? [...this.turns, { holder, fencingToken, acquiredAt, endedAt }].slice(-mostTurns) : [];
    if (isAsked) this.ended += 1;
    this.holders = this.holders.filter((other) => other !== held);
  }
}

/** What of a request or a waiter goes into a possession. */
export interface Grantee {
  readonly key: string;
  readonly leaseId: string;
  readonly holder: Holder;
  readonly share?: number | undefined;
  readonly spare?: number | undefined;
  readonly above?: number | undefined;
}

function stateOf({ leaseId, holder, share, since, askedAt, behind = [] }: Waiting): WaiterRecord[] {
  const shared = share === undefined ? undefined : { share };
  return [
    { leaseId, holder, since, ...shared },
    ...behind.map((one) => ({ leaseId, holder: one.holder, since: askedAt - one.waitedMs, ...shared })),
  ];
}

import type { Blocker, WaitSegment, WaitSegmentKind } from '@lockscope/core';
import { mostTurns, type Granted, type LockRecord, type PastTurn, type Refused } from '@lockscope/storage';
import { blockerOf } from './blocker.ts';
import type { StorageTime } from './storage-time.ts';
import { blockerUntil, isSame, WaitParts, type SeenTurn, type WaitPiece } from './wait-parts.ts';

/**
 * @internal What one wait was spent on. A cursor moves from the request to the outcome, and every stretch that it passes
 * is put down to exactly one thing, so the parts add up to the wait, whatever the storage says. Made only for waits that
 * somebody wants to hear of. What a verb gives is news for those who wait behind, if there are any: the pieces that it
 * put down.
 */
export class WaitLedger {
  readonly #time: StorageTime;
  readonly #parts = new WaitParts();
  #cursor: number;
  #pieces: WaitPiece[] = [];
  #before: SeenTurn | undefined = undefined;
  /** Who was seen last. */
  #turn: SeenTurn | undefined = undefined;
  /** Whether it is known that nobody had it at the cursor. */
  #free = false;
  /** When the one seen last was over, where this process knows, and the storage may know better. */
  #overAt: number | undefined = undefined;
  /** What it waits for while it has seen nobody. */
  #unseen: 'local_queue' | 'store' = 'store';
  #told: ReadonlySet<number> = new Set();
  #handoffMs = 0;
  #isHandoffKnown = false;
  /** Who gave it back right before, once it is granted. */
  predecessor: Blocker | undefined = undefined;

  constructor(startedAt: number, time: StorageTime) {
    this.#cursor = startedAt;
    this.#time = time;
  }

  /** For how long nobody had the lock at the end, once it is granted and where that is known. */
  get handoffMs(): number | undefined {
    return this.#isHandoffKnown ? this.#handoffMs : undefined;
  }

  /** It stands behind others of this process. */
  queues(): void {
    this.#unseen = 'local_queue';
  }

  /** It is its turn among those of this process: from now on it asks the storage itself. */
  asks(now: number): void {
    if (this.#turn === undefined) this.#putIdle(now);
    else if (this.#turn.here?.isOver === true && !this.#free) this.#overAt ??= now;
    this.#unseen = 'store';
  }

  /** Somebody of this process has the lock, or is seen by the one that asks. */
  sees(blocker: Blocker, now: number, here?: SeenTurn['here']): void {
    if (isSame(this.#turn, blocker) && !this.#free) return;
    const heldForMs = blocker.heldForMs ?? Number.NaN;
    const since = Number.isFinite(heldForMs) ? now - heldForMs : undefined;
    this.#begin();
    this.#putIdle(Math.min(now, since ?? now));
    this.#isHeldBy({ blocker, since, ...(here !== undefined && { here }) });
  }

  refused({ record, turns, storageNow }: Refused, sentAt: number, now: number): readonly WaitPiece[] | undefined {
    this.#begin();
    this.#time.answered(sentAt, now, storageNow);
    this.#putTurns(turns, now);
    if (record === undefined) {
      this.#putUnknown(now, this.#turn === undefined ? 'handoff' : 'backoff');
      this.#isFree();
      return this.#news();
    }
    const turn = this.#hereAfter(record) ?? this.#recordTurn(record, now);
    if (!isSame(this.#turn, turn.blocker)) this.#putUnknown(Math.min(now, turn.since ?? this.#cursor));
    this.#put('held_by', now, turn);
    this.#isHeldBy(turn);
    return this.#news();
  }

  failed(sentAt: number, now: number): readonly WaitPiece[] | undefined {
    this.#begin();
    this.#putIdle(sentAt);
    this.#put('store', now);
    return this.#news();
  }

  /** `sentAt`: when the question was sent that this answers; undefined: it was told by news. */
  granted(result: Granted, sentAt: number | undefined, now: number): readonly WaitPiece[] | undefined {
    const { previous, record, turns, storageNow } = result;
    this.#begin();
    if (sentAt === undefined) this.#time.told(now, storageNow);
    else this.#time.answered(sentAt, now, storageNow);
    this.#putTurns(turns, now);
    const endedAt = previous?.releasedAt ?? previous?.expiredAt;
    if (previous !== undefined && endedAt !== undefined) {
      const last = this.#lastTurn(blockerOf(previous, undefined), this.#within(endedAt, now));
      if (previous.releasedAt !== undefined) this.predecessor = last;
    } else if (!this.#free) {
      this.#putUnknown(sentAt === undefined ? this.#within(record.acquiredAt, now) : Math.min(sentAt, now));
    }
    this.#isHandoffKnown = this.#free || sentAt === undefined;
    this.#put('handoff', sentAt ?? now);
    this.#put('store', now);
    return this.#news();
  }

  /** The holder before, of this process, passed it on. */
  passedOn(holder: Blocker, now: number): void {
    this.sees(holder, now);
    this.#put('held_by', now, this.#turn);
    this.predecessor = this.#turn && blockerUntil(this.#turn, now);
    this.#isHandoffKnown = true;
  }

  /** The one of this process that asks for the same lock learned this: it is so for those behind it, too. */
  follows(leader: WaitLedger, pieces: readonly WaitPiece[]): void {
    this.#begin();
    for (const { kind, from, to, turn } of pieces) {
      if (to <= this.#cursor) continue;
      this.#putIdle(from);
      this.#put(kind, to, turn);
    }
    this.#putIdle(leader.#cursor);
    if (leader.#turn === undefined) return;
    this.#turn = leader.#turn;
    this.#free = leader.#free;
    this.#overAt = leader.#overAt;
  }

  /** It is over, however it ended. */
  end(now: number): readonly WaitSegment[] {
    this.#putIdle(now);
    return this.#parts.segments();
  }

  /** Possessions that ended meanwhile. The same may come again; of more than fit, the first are missing. */
  #putTurns(turns: readonly PastTurn[] | undefined, now: number): void {
    if (turns === undefined) return;
    const { length } = turns;
    const seen = this.#turn?.blocker.fencingToken;
    const some = turns.some(({ fencingToken }) => fencingToken === seen || this.#told.has(fencingToken));
    if (length >= mostTurns && !some) this.#free = false;
    for (const past of turns) {
      if (this.#told.has(past.fencingToken)) continue;
      const since = this.#time.local(past.acquiredAt);
      const endedAt = this.#within(past.endedAt, now);
      const turn = this.#hereAfter(past) ?? { blocker: blockerOf(past, undefined), since };
      if (!isSame(this.#turn, turn.blocker)) this.#putUnknown(Math.min(endedAt, since ?? this.#cursor));
      this.#put('held_by', endedAt, turn);
      this.#turn = turn;
      this.#isFree();
    }
    this.#told = new Set(turns.map(({ fencingToken }) => fencingToken));
  }

  /** The one that had it right before, until then. */
  #lastTurn(blocker: Blocker, endedAt: number): Blocker {
    const seen = isSame(this.#turn, blocker) ? this.#turn : this.#hereAfter(blocker);
    const turn = seen ?? { blocker, since: undefined };
    if (seen !== undefined || this.#turn === undefined) {
      if (!this.#free) this.#put('held_by', endedAt, turn);
    } else this.#putUnknown(endedAt, 'backoff');
    this.#turn = turn;
    this.#isFree();
    return blockerUntil(turn, endedAt);
  }

  /** The storage hears late of what is passed on within this process: then the one seen here is the one it means. */
  #hereAfter({ fencingToken = 0 }: Pick<Blocker, 'fencingToken'>): SeenTurn | undefined {
    const token = this.#turn?.here === undefined ? 0 : (this.#turn.blocker.fencingToken ?? 0);
    return token > fencingToken ? this.#turn : undefined;
  }

  #recordTurn(record: LockRecord, now: number): SeenTurn {
    const blocker = blockerOf(record, undefined);
    if (this.#turn !== undefined && isSame(this.#turn, blocker)) return this.#turn;
    const since = this.#time.local(record.acquiredAt);
    return { blocker, since: since === undefined ? undefined : Math.min(since, now) };
  }

  /** On the clock of this process, not before the cursor and not after now. */
  #within(storageTime: number, now: number): number {
    return Math.max(this.#cursor, Math.min(now, this.#time.local(storageTime) ?? this.#cursor));
  }

  #isHeldBy(turn: SeenTurn): void {
    this.#turn = turn;
    this.#free = false;
    this.#overAt = undefined;
  }

  #isFree(): void {
    this.#free = true;
    this.#overAt = undefined;
  }

  /** Time after which somebody else has it, or nobody: the one seen last had it for a part of it, if for any. */
  #putUnknown(to: number, afterwards: WaitSegmentKind = 'handoff'): void {
    if (this.#free) return this.#put(afterwards, to);
    if (this.#overAt === undefined) return this.#put('backoff', to);
    this.#put('held_by', Math.min(this.#overAt, to), this.#turn);
    this.#put(afterwards, to);
  }

  /** Time in which nothing was heard: it goes on as it was. */
  #putIdle(to: number): void {
    if (this.#free) return this.#put('handoff', to);
    if (this.#turn === undefined) return this.#put(this.#unseen, to);
    this.#put('held_by', Math.min(this.#overAt ?? to, to), this.#turn);
    this.#put('handoff', to);
  }

  #begin(): void {
    this.#pieces = [];
    this.#before = this.#turn;
  }

  /** Those behind take for granted that it goes on as it was. */
  #news(): readonly WaitPiece[] | undefined {
    const before = this.#before;
    const goesOn = !this.#free && this.#turn === before;
    return goesOn && this.#pieces.every(({ turn }) => turn !== undefined && turn === before) ? undefined : this.#pieces;
  }

  #put(kind: WaitSegmentKind, to: number, turn?: SeenTurn): void {
    if (!(to > this.#cursor)) return;
    if (kind === 'handoff') this.#handoffMs += to - this.#cursor;
    else if (kind !== 'store') this.#handoffMs = 0;
    const piece: WaitPiece =
      turn === undefined ? { kind, from: this.#cursor, to } : { kind, from: this.#cursor, to, turn };
    this.#cursor = to;
    this.#parts.add(piece);
    this.#pieces.push(piece);
  }
}

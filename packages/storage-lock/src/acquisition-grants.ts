import type { Blocker } from '@lockscope/core';
import type { Granted, LeaseNews } from '@lockscope/storage';
import { AcquisitionEnds } from './acquisition-ends.ts';
import type { AcquisitionState } from './acquisition-state.ts';
import type { AcquireTrace } from './acquire-trace.ts';
import { LockStorageError, WatchdogError } from './errors.ts';
import type { Grant } from './grant.ts';
import { HeldLock } from './held-lock.ts';
import type { Place } from './lock-registry.ts';
import { Possession } from './possession.ts';
import type { WaitPiece } from './wait-parts.ts';

type LeaseGrant = Omit<Grant, 'contended' | 'waitMs' | 'root'>;

/** @internal What becomes of a grant, whoever brings it: an answer, news, or the holder before in this process. */
export abstract class AcquisitionGrants extends AcquisitionEnds {
  /** How many tokens the last question asked to be kept free, and the one that is on record in the storage's line. */
  protected spareAsked = 0;
  protected spareOnRecord: number = Infinity;

  abstract wake(): void;

  granted(result: Granted, sentAt: number, now: number): void {
    const { leaseMs } = this.call.options;
    if (now < sentAt + leaseMs)
      this.has(result, this.#lease(result, sentAt, leaseMs, now, this.spareAsked), now, sentAt);
    else this.#tooLate(sentAt, now);
  }

  /** What it may hear from the storage while it waits there. */
  hears(news: LeaseNews): void {
    if (this.settled) return;
    if (news.type === 'ask') return this.wake();
    if (news.type !== 'granted' || news.result.record.leaseId !== this.inquiry.leaseId) return;
    const { result } = news;
    const now = this.registry.clock.monotonic();
    const { acquiredAt, expiresAt } = result.record;
    // What the storage knows to have passed since then has passed here, too.
    const passedMs = Math.max(0, result.storageNow - acquiredAt);
    const beganAt = Math.min(now - passedMs, this.inquiry.atEarliest(acquiredAt, this.startedAt));
    const leaseMs = expiresAt - acquiredAt;
    this.wait.turnCame = 'notified';
    // It may be the answer to the open question, or to the one before.
    const open = this.inquiry.openSince === undefined ? Infinity : this.spareAsked;
    const spare = Math.min(open, this.spareOnRecord);
    if (now < beganAt + leaseMs) this.has(result, this.#lease(result, beganAt, leaseMs, now, spare), now);
    else this.#tooLate(beganAt, now);
  }

  /** The lock is passed on within this process: nobody asks the storage. */
  takeOver(from: Possession, now: number): void {
    const { previous, lease } = from.passOn(this.holder, now);
    const { leaseMs, renewEveryMs } = this.call.options;
    const { record } = lease;
    this.wait.turnCame = 'local';
    this.trace?.root.hold();
    const { unheard } = this.registry.place(this.call.key);
    if (unheard !== undefined) this.follows(unheard.leader, unheard.pieces, now);
    this.ledger?.passedOn(from.asBlocker(), now);
    this.registry.disowns(from);
    const result = { acquired: true, record, previous, storageNow: record.acquiredAt } as const;
    this.has(result, { ...lease, leaseMs, renewEveryMs }, now);
  }

  /** It was granted for a time that is over, so nobody can work with it. */
  #tooLate(from: number, now: number): void {
    const { key, once } = this.call;
    const late = new Error(`the storage took ${Math.round(now - from)} ms to grant it, longer than the lease`);
    this.trace?.answered(this.inquiry.attempts, from, now, 'error', late);
    this.tellBehind(this.ledger?.failed(from, now), now);
    this.leaveNothing(this.inquiry.leaseId, true, 'late_reply');
    this.inquiry.startAnew();
    if (this.waiting?.inLine === true) this.waiting.joinLine(this.inquiry.leaseId);
    if (once) this.fail('error', new LockStorageError(key, 'acquire', late));
    else this.inquiry.ask();
  }

  #lease(result: Granted, beganAt: number, firstLeaseMs: number, now: number, spare: number): LeaseGrant {
    const { leaseMs, renewEveryMs } = this.call.options;
    const others = (result.waiting ?? 0) > 0;
    if (this.place !== undefined) this.place.contended = others;
    // Only tokens that the storage keeps free may be passed on.
    const spareTokens = others || spare === Infinity ? 0 : spare;
    const { record } = result;
    return { leaseMs, renewEveryMs, record, beganAt, firstLeaseMs, spareTokens, passedSince: now, unrecorded: false };
  }

  /** `answeredFrom`: when the question was sent that this answers, if there was one. */
  protected has(result: Granted, lease: LeaseGrant, now: number, answeredFrom?: number): void {
    const { key, options } = this.call;
    const waitMs = now - this.startedAt;
    // Field by field: a spread costs a tenth of the whole acquire.
    const grant: Grant = {
      leaseMs: lease.leaseMs,
      renewEveryMs: lease.renewEveryMs,
      record: lease.record,
      beganAt: lease.beganAt,
      firstLeaseMs: lease.firstLeaseMs,
      spareTokens: lease.spareTokens,
      passedSince: lease.passedSince,
      unrecorded: lease.unrecorded,
      contended: this.contended,
      waitMs,
      root: this.trace?.root,
    };
    const possession = new Possession(this.registry, grant, now);
    this.possession = possession;
    try {
      possession.start();
    } catch (error) {
      this.trace?.answered(this.inquiry.attempts, answeredFrom ?? now, now, 'acquired');
      return this.fail('error', new WatchdogError(key, error), true, 'watchdog_failed');
    }
    const place = this.registry.place(key);
    if (options.share === undefined) place.holder = possession;
    else (place.sharers ??= new Set()).add(possession);
    if (this.call.owner !== undefined || this.registry.options.reentrancy === 'flow') this.registry.owns(possession);
    let pieces: readonly WaitPiece[] | undefined;
    if (this.trace !== undefined) {
      this.trace.root.hold();
      if (answeredFrom !== undefined) this.trace.answered(this.inquiry.attempts, answeredFrom, now, 'acquired', result);
      // Who took over from one of this process has heard of it already.
      if (!lease.unrecorded) pieces = this.ledger?.granted(result, answeredFrom, now);
      this.learns(pieces, now);
      const via = this.waiting?.turnCame ?? 'polled';
      this.trace.granted(result, this.contended ? { via, handoffMs: this.ledger?.handoffMs } : undefined, now);
    }
    this.end('acquired', undefined, result.record, now);
    this.resolve(new HeldLock(possession));
    possession.schedule();
    this.stopWaitingSoon();
    const alone = options.share !== undefined || (place.asking === undefined && place.waiting === undefined);
    const tellOthers = alone ? undefined : this.#others(possession, place, pieces);
    // The callers' first steps are in the microtask queue by now, so the listeners' come after them.
    if (this.trace !== undefined) void soon.then(this.trace.flush);
    if (tellOthers !== undefined) void soon.then(tellOthers);
  }

  /** Those of the same owner have it too; the others now know for whom they wait. Gives what there is to tell of it. */
  #others(possession: Possession, place: Place, pieces: readonly WaitPiece[] | undefined): (() => void) | undefined {
    const { owner } = this.call;
    const { asking, waiting } = place;
    const told: ((blocker: Blocker, now: number) => void)[] = [];
    for (const other of [asking, ...(waiting ?? [])]) {
      if (other === undefined) continue;
      const trace = other.told;
      if (owner !== undefined && other.ownerId === owner) {
        trace?.root.hold();
        other.follows(this, pieces, possession.grantedAt);
        other.joins(possession);
        if (trace !== undefined) told.push(trace.flush);
      } else if (trace !== undefined && other !== asking)
        told.push((blocker, now) => other.behind({ possession, blocker, now }, this, pieces));
    }
    if (told.length === 0) return undefined;
    const unheard = pieces && { leader: this, pieces };
    place.unheard = unheard;
    return () => {
      if (place.unheard === unheard) place.unheard = undefined;
      const blocker = possession.asBlocker();
      const now = this.registry.clock.monotonic();
      for (const tell of told) tell(blocker, now);
    };
  }

  /** What tells of it; undefined when nobody listens. */
  protected get told(): AcquireTrace | undefined {
    return this.trace;
  }

  /** Another acquire of this process got the lock while this one waits. */
  protected behind(
    { possession, blocker, now }: { readonly possession: Possession; readonly blocker: Blocker; readonly now: number },
    getter: AcquisitionState,
    pieces: readonly WaitPiece[] | undefined,
  ): void {
    if (this.settled) return;
    this.follows(getter, pieces, now);
    this.ledger?.sees(blocker, now, possession);
    this.sees(blocker, this.waiting?.ahead);
  }

  /** The same owner got the lock through another acquire. Somebody else flushes what there is to tell. */
  protected joins(possession: Possession): void {
    const asking = this.inquiry.openSince !== undefined;
    this.trace?.root.hold();
    possession.reenter(this.trace?.root);
    this.end('acquired', undefined, possession.record, undefined, true);
    this.resolve(new HeldLock(possession));
    this.stopWaitingSoon();
    if (!asking) this.leaveNothing(this.inquiry.leaseId, false, 'caller_gone');
  }
}

const soon = Promise.resolve();

import type { AcquireOutcome, Blocker, EventDetails } from '@lockscope/core';
import type {
  AcquireRequest,
  AcquireResult,
  Companion,
  Granted,
  Holder,
  LeaseNews,
  LockRecord,
  Refused,
} from '@lockscope/storage';
import { AcquireTrace } from './acquire-trace.ts';
import { blockerOf, nobodyYet } from './blocker.ts';
import { cleanUp } from './clean-up.ts';
import { Due } from './due-queue.ts';
import {
  LockAbortedError,
  LockDeadlockError,
  LocksClosedError,
  LockStorageError,
  LockTimeoutError,
  WatchdogError,
} from './errors.ts';
import { HeldLock } from './held-lock.ts';
import { Inquiry, isFinal, type Inquirer } from './inquiry.ts';
import type { LockRegistry, Place } from './lock-registry.ts';
import type { ResolvedAcquire } from './acquire-options.ts';
import { holderOf } from './owner.ts';
import { Possession, type Grant } from './possession.ts';
import { Waiting, type Waiter } from './waiting.ts';

/** @internal One acquire, as it was asked for. */
export interface AcquireCall {
  readonly key: string;
  readonly options: ResolvedAcquire;
  /** Undefined: a new owner. */
  readonly owner: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Ask once, and take no for an answer. */
  readonly once: boolean;
}

type RollbackReason = EventDetails['lock.rollback']['reason'];
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** As many of those who wait behind are put on record. */
const mostBehind = 100;

/**
 * @internal One acquire from the call to its outcome. The first question goes out at once and bare; only when the lock
 * is busy does it become a waiter, with a timer, a place on record and a subscription of its own.
 */
export class Acquisition extends Due implements Inquirer, Waiter {
  readonly ownerId: string;
  settled = false;
  readonly #call: AcquireCall;
  readonly #registry: LockRegistry;
  readonly #trace: AcquireTrace | undefined;
  readonly #startedAt: number;
  readonly #deadline: number;
  readonly #inquiry: Inquiry;
  /** Made when the lock is busy. */
  #waiting: Waiting | undefined = undefined;
  #contended = false;
  #onAbort: (() => void) | undefined = undefined;
  /** Among the acquires of this process that want the lock alone, while it asks or waits there. */
  #place: Place | undefined = undefined;
  #possession: Possession | undefined = undefined;
  /** How many tokens the last question asked to be kept free, and the one that is on record in the storage's line. */
  #spareAsked = 0;
  #spareOnRecord = Infinity;
  #resolve!: (lock: HeldLock | undefined) => void;
  #reject!: (error: unknown) => void;

  constructor(registry: LockRegistry, call: AcquireCall) {
    super();
    this.#registry = registry;
    this.#call = call;
    const leaseId = registry.ids.next();
    this.ownerId = call.owner ?? leaseId;
    this.#startedAt = registry.clock.monotonic();
    this.#deadline = this.#startedAt + call.options.waitMs;
    this.#trace = AcquireTrace.begin(registry, call.key, this.ownerId, call.options);
    this.#inquiry = new Inquiry(registry, this.#trace, leaseId, this);
  }

  start(): Promise<HeldLock | undefined> {
    const promise = new Promise<HeldLock | undefined>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { key, signal } = this.#call;
    if (this.#trace !== undefined && this.#calledOff()) return promise;
    if (signal !== undefined) {
      this.#onAbort = () => this.#fail('aborted', new LockAbortedError(key, signal.reason));
      signal.addEventListener('abort', this.#onAbort, { once: true });
    }
    this.#begin();
    return promise;
  }

  /** A listener that was told of the start may have aborted it, or closed these locks. */
  #calledOff(): boolean {
    const { key, signal } = this.#call;
    if (signal?.aborted === true) this.#fail('aborted', new LockAbortedError(key, signal.reason));
    else if (this.#registry.closed) this.close();
    return this.settled;
  }

  #begin(): void {
    const { key, once, owner, options } = this.#call;
    if (options.share !== undefined) return this.#askBesides();
    // Asked first, because a possession that finds out that it is over gives its place up.
    const held = this.#registry.heldHere(key);
    const place = this.#registry.place(key);
    if (owner !== undefined && place.sharers !== undefined && this.#registry.sharedBy(key, owner) !== undefined)
      return this.#fail('deadlock', new LockDeadlockError(key, owner));
    const wanted = place.waiting !== undefined || place.asking !== undefined;
    // While it is given back, it is for those who wait for it here.
    const taken = held ?? (wanted ? place.holder : undefined);
    if (once && taken !== undefined) this.#notAcquired(taken.asBlocker());
    else if (place.holder === undefined && !wanted) this.askFirst(place);
    else if (once) this.#askBesides();
    else this.#queue(place);
  }

  /** Asks without a place among those of this process: a try, or one that shares the lock. */
  #askBesides(): void {
    this.#registry.besides.add(this);
    this.#endInTime();
    this.#askAtOnce();
  }

  /** It is this one's turn among those of this process; where others have been waiting too, it joins their line at once. */
  askFirst(place: Place, joinLine: boolean = place.contended): void {
    place.asking = this;
    this.#place = place;
    if (this.#waiting === undefined) this.#endInTime();
    if (this.#waiting !== undefined) this.#waiting.turnCame = 'local';
    if (joinLine && !this.#call.once) this.#wait.joinLine(this.#inquiry.leaseId);
    this.#askAtOnce();
  }

  get #wait(): Waiting {
    return (this.#waiting ??= new Waiting(this.#registry, this.#trace, this.#call.key, this.#startedAt, this));
  }

  #endInTime(): void {
    if (this.#deadline < Infinity) this.#registry.due.set(this, this.#deadline);
  }

  /**
   * The first question goes out in the same turn that asked for it, unless others of this process were before it, or
   * listeners were told first.
   */
  #askAtOnce(): void {
    this.#inquiry.ask(this.#waiting?.started === true || this.#trace !== undefined ? undefined : this.#startedAt);
  }

  ask(): void {
    this.#inquiry.ask();
  }

  /** It may be its turn: asks at once. */
  wake(): void {
    if (this.settled) return;
    this.#waiting?.woken();
    this.#inquiry.ask();
  }

  due(): void {
    this.timeOut();
  }

  timeOut(): void {
    const now = this.#registry.clock.monotonic();
    this.#fail('timeout', new LockTimeoutError(this.#call.key, now - this.#startedAt, this.blockerAt(now)));
  }

  close(): void {
    this.#fail('error', new LocksClosedError(this.#call.key));
  }

  #queue(place: Place): void {
    const ahead = (place.waiting?.size ?? 0) + (place.asking === undefined ? 0 : 1);
    this.#registry.wait(place, this);
    this.#place = place;
    this.#contended = true;
    const blocker = place.holder?.asBlocker() ?? place.asking?.blocker;
    if (blocker !== undefined) this.#sees(blocker, ahead);
    this.#startWaiting();
    if (place.holder?.lasts === true) this.#registry.putOnRecord(place);
  }

  #startWaiting(): void {
    if (this.#waiting?.started === true) return;
    this.#registry.due.delete(this);
    this.#wait.start(this.#deadline);
  }

  request(leaseId: string, sentAt: number): AcquireRequest {
    const { key, options } = this.#call;
    const { localHandovers } = this.#registry.options;
    const request: Mutable<AcquireRequest> = { key, leaseId, leaseMs: options.leaseMs, holder: this.#holder };
    const behind = this.#place?.waiting;
    if (options.share !== undefined) request.share = options.share;
    this.#spareAsked = behind === undefined ? 0 : localHandovers;
    if (this.#spareAsked > 0) request.spareTokens = this.#spareAsked;
    const place = this.#waiting?.attempt();
    if (place !== undefined) {
      Object.assign(request, place);
      request.waitedMs = sentAt - this.#startedAt;
      if (behind !== undefined) request.behind = companions(behind, sentAt);
    }
    return request;
  }

  get #holder(): Holder {
    const { ids, options } = this.#registry;
    const { operation } = this.#call.options;
    return holderOf(this.ownerId, ids.process, options.service, operation, this.#trace?.traceparent);
  }

  /** As those see it who look at the record of the one that stands in line for it. */
  asCompanion(now: number): Companion {
    return { holder: this.#holder, waitedMs: Math.max(0, now - this.#startedAt) };
  }

  granted(result: Granted, sentAt: number, now: number): void {
    const { leaseMs } = this.#call.options;
    if (now < sentAt + leaseMs)
      this.#has(result, this.#lease(result, sentAt, leaseMs, now, this.#spareAsked), now, sentAt);
    else this.#tooLate(sentAt, now);
  }

  refused({ record, ahead, storageNow }: Refused): void {
    const { key, options, owner, once } = this.#call;
    const held = owner === undefined || options.share !== undefined ? undefined : this.#registry.heldHere(key);
    if (held !== undefined && held.ownerId === owner) {
      this.#joins(held);
      if (this.#trace !== undefined) void soon.then(this.#trace.flush);
      return;
    }
    const blocker = record === undefined ? nobodyYet : blockerOf(record, storageNow - record.acquiredAt);
    if (once) return this.#notAcquired(blocker);
    this.#contended = true;
    if (this.#place !== undefined) this.#place.contended = true;
    if (this.#waiting?.onRecord === true) this.#spareOnRecord = this.#spareAsked;
    this.#sees(blocker, ahead);
    this.#askLater(record === undefined ? undefined : record.expiresAt - storageNow);
  }

  failed(error: unknown, _sentAt: number, now: number): void {
    const { key, options, once } = this.#call;
    const final = isFinal(error);
    const failingMs = now - (this.#inquiry.failingSince ?? now);
    // An outage is forgiven by those who wait.
    if (this.#waiting?.started === true && !once && !final && failingMs < options.leaseMs)
      return this.#askLater(undefined);
    this.#fail('error', new LockStorageError(key, 'acquire', error), final ? false : 'perhaps', 'no_answer');
  }

  /** Its caller is gone, or has the lock already because it was handed over, or it asked for another lease meanwhile. */
  answeredNobody(leaseId: string, result: AcquireResult | 'perhaps'): void {
    const granted = result === 'perhaps' ? result : result.acquired;
    if (!this.settled) {
      this.#leaveNothing(leaseId, granted, 'late_reply');
      return this.#inquiry.ask();
    }
    this.#registry.leftovers.done();
    const possession = this.#possession;
    const token = result !== 'perhaps' && result.acquired ? result.record.fencingToken : undefined;
    const own = possession?.record.leaseId === leaseId ? possession : undefined;
    if (own !== undefined && (token === own.record.fencingToken || !own.isOver)) return;
    // Or it has been passed on within this process, and another owner has it under the same lease.
    const heir = this.#registry.places.get(this.#call.key)?.holder;
    if (heir?.record.leaseId === leaseId && !heir.isOver) return;
    this.#leaveNothing(leaseId, granted, 'caller_gone');
  }

  /** What it may hear from the storage while it waits there. */
  hears(news: LeaseNews): void {
    if (this.settled) return;
    if (news.type === 'ask') return this.wake();
    if (news.type !== 'granted' || news.result.record.leaseId !== this.#inquiry.leaseId) return;
    const { result } = news;
    const now = this.#registry.clock.monotonic();
    const { acquiredAt, expiresAt } = result.record;
    // What the storage knows to have passed since then has passed here, too.
    const passedMs = Math.max(0, result.storageNow - acquiredAt);
    const beganAt = Math.min(now - passedMs, this.#inquiry.atEarliest(acquiredAt, this.#startedAt));
    const leaseMs = expiresAt - acquiredAt;
    this.#wait.turnCame = 'notified';
    // It may be the answer to the open question, or to the one before.
    const open = this.#inquiry.openSince === undefined ? Infinity : this.#spareAsked;
    const spare = Math.min(open, this.#spareOnRecord);
    if (now < beganAt + leaseMs) this.#has(result, this.#lease(result, beganAt, leaseMs, now, spare), now);
    else this.#tooLate(beganAt, now);
  }

  /** It was granted for a time that is over, so nobody can work with it. */
  #tooLate(from: number, now: number): void {
    const { key, once } = this.#call;
    const late = new Error(`the storage took ${Math.round(now - from)} ms to grant it, longer than the lease`);
    this.#trace?.answered(this.#inquiry.attempts, from, now, 'error', late);
    this.#leaveNothing(this.#inquiry.leaseId, true, 'late_reply');
    this.#inquiry.startAnew();
    if (this.#waiting?.inLine === true) this.#waiting.joinLine(this.#inquiry.leaseId);
    if (once) this.#fail('error', new LockStorageError(key, 'acquire', late));
    else this.#inquiry.ask();
  }

  /** The first time it is busy, it becomes a waiter; then it sleeps until it is told or it is time to ask. */
  #askLater(leaseLeftMs: number | undefined): void {
    const { queues, notifies } = this.#registry.storage.capabilities;
    this.#startWaiting();
    const waiting = this.#wait;
    if (!waiting.inLine) {
      waiting.joinLine(this.#inquiry.leaseId);
      waiting.turnCame = 'polled';
      // What changed between the first answer and now was told to nobody.
      if (queues || notifies) return this.#inquiry.ask();
    }
    if (this.#inquiry.wokenMeanwhile) return this.#inquiry.ask();
    waiting.sleep(leaseLeftMs);
  }

  #lease(result: Granted, beganAt: number, firstLeaseMs: number, now: number, spare: number): LeaseGrant {
    const { leaseMs, renewEveryMs } = this.#call.options;
    const others = (result.waiting ?? 0) > 0;
    if (this.#place !== undefined) this.#place.contended = others;
    // Only tokens that the storage keeps free may be passed on.
    const spareTokens = others || spare === Infinity ? 0 : spare;
    const { record } = result;
    return { leaseMs, renewEveryMs, record, beganAt, firstLeaseMs, spareTokens, passedSince: now, unrecorded: false };
  }

  /** The lock is passed on within this process: nobody asks the storage. */
  takeOver(from: Possession, now: number): void {
    const { previous, lease } = from.passOn(this.#holder, now);
    const { leaseMs, renewEveryMs } = this.#call.options;
    const { record } = lease;
    this.#wait.turnCame = 'local';
    const result = { acquired: true, record, previous, storageNow: record.acquiredAt } as const;
    this.#has(result, { ...lease, leaseMs, renewEveryMs }, now);
  }

  /** `answeredFrom`: when the question was sent that this answers, if there was one. */
  #has(result: Granted, lease: LeaseGrant, now: number, answeredFrom?: number): void {
    const { key, options } = this.#call;
    const waitMs = now - this.#startedAt;
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
      contended: this.#contended,
      waitMs,
      root: this.#trace?.root,
    };
    const possession = new Possession(this.#registry, grant, now);
    this.#possession = possession;
    try {
      possession.start();
    } catch (error) {
      this.#trace?.answered(this.#inquiry.attempts, answeredFrom ?? now, now, 'acquired');
      return this.#fail('error', new WatchdogError(key, error), true, 'watchdog_failed');
    }
    const place = this.#registry.place(key);
    if (options.share === undefined) place.holder = possession;
    else (place.sharers ??= new Set()).add(possession);
    if (this.#trace !== undefined) {
      this.#trace.root.hold();
      if (answeredFrom !== undefined)
        this.#trace.answered(this.#inquiry.attempts, answeredFrom, now, 'acquired', result);
      this.#trace.granted(
        result,
        this.#contended ? { via: this.#waiting?.turnCame ?? 'polled', waitMs } : undefined,
        now,
      );
    }
    this.#end('acquired', undefined, result.record, now);
    this.#resolve(new HeldLock(possession));
    const alone = options.share !== undefined || (place.asking === undefined && place.waiting === undefined);
    const tellOthers = alone ? undefined : this.#others(possession, place);
    // The callers' first steps are in the microtask queue by now, so the listeners' come after them.
    if (this.#trace !== undefined) void soon.then(this.#trace.flush);
    if (tellOthers !== undefined) void soon.then(tellOthers);
  }

  /** Another acquire of this process got the lock while this one waits. */
  #behind(holder: Possession): void {
    if (!this.settled) this.#sees(holder.asBlocker(), this.#waiting?.ahead);
  }

  /** The same owner got the lock through another acquire. Somebody else flushes what there is to tell. */
  #joins(possession: Possession): void {
    const asking = this.#inquiry.openSince !== undefined;
    this.#trace?.root.hold();
    possession.reenter(this.#trace?.root);
    this.#end('acquired', undefined, possession.record, undefined, true);
    this.#resolve(new HeldLock(possession));
    if (!asking) this.#leaveNothing(this.#inquiry.leaseId, false, 'caller_gone');
  }

  /** What tells of it; undefined when nobody listens. */
  get #told(): AcquireTrace | undefined {
    return this.#trace;
  }

  /** Whom it waits for, as far as it knows. */
  get blocker(): Blocker | undefined {
    return this.blockerAt(this.#registry.clock.monotonic());
  }

  /** Those of the same owner have it too; the others now know for whom they wait. Gives what there is to tell of it. */
  #others(possession: Possession, { asking, waiting }: Place): (() => void) | undefined {
    const { owner } = this.#call;
    const told: (() => void)[] = [];
    for (const other of [asking, ...(waiting ?? [])]) {
      if (other === undefined) continue;
      const trace = other.#told;
      if (owner !== undefined && other.ownerId === owner) {
        other.#joins(possession);
        if (trace !== undefined) told.push(trace.flush);
      } else if (trace !== undefined && other !== asking) told.push(() => other.#behind(possession));
    }
    return told.length === 0 ? undefined : () => told.forEach((tell) => tell());
  }

  #notAcquired(blocker: Blocker | undefined): void {
    if (blocker !== undefined) {
      this.#contended = true;
      this.#wait.sees(blocker, undefined, false);
    }
    this.#end('not_acquired');
    this.#resolve(undefined);
  }

  /** `granted`: whether the storage gave it to this acquire, as far as that is known. */
  #fail(
    outcome: 'timeout' | 'aborted' | 'deadlock' | 'error',
    error: Error,
    granted: boolean | 'perhaps' = false,
    reason: RollbackReason = 'caller_gone',
  ): void {
    if (this.settled) return;
    const asking = this.#inquiry.openSince !== undefined;
    this.#end(outcome, error);
    this.#reject(error);
    if (!asking) this.#leaveNothing(this.#inquiry.leaseId, granted, reason);
  }

  /** The end, whatever it is: no timer, no subscription, no place in the queue is left. */
  #end(outcome: AcquireOutcome, error?: unknown, record?: LockRecord, now?: number, reentered = false): void {
    this.settled = true;
    const { due, clock } = this.#registry;
    const { signal, options } = this.#call;
    due.delete(this);
    if (this.#inquiry.openSince !== undefined) this.#registry.leftovers.add();
    this.#waiting?.stop();
    if (this.#onAbort !== undefined) signal?.removeEventListener('abort', this.#onAbort);
    if (this.#trace !== undefined) {
      const at = now ?? clock.monotonic();
      this.#trace.end({
        outcome,
        attempts: this.#inquiry.attempts,
        waitMs: at - this.#startedAt,
        contended: this.#contended,
        blocker: this.blockerAt(at),
        leaseMs: options.leaseMs,
        record,
        error,
        reentered,
        at,
      });
    }
    if (this.#place === undefined) this.#registry.besides.delete(this);
    else this.#registry.leave(this.#place, this);
  }

  /** Takes away what questions left in the storage that nobody waits for: a lock, a place among the waiters. */
  #leaveNothing(leaseId: string, granted: boolean | 'perhaps', reason: RollbackReason): void {
    const { key } = this.#call;
    const { ownerId } = this;
    // Who leaves gives back what was handed to it meanwhile.
    const operation = this.#waiting?.onRecord === true && granted !== true ? 'leave' : 'release';
    if (operation === 'leave' || granted !== false)
      cleanUp(this.#registry, { key, leaseId, ownerId, operation, reason });
  }

  #sees(blocker: Blocker, ahead: number | undefined): void {
    if (this.#wait.sees(blocker, ahead)) this.#tellBehind(blocker);
  }

  /** Those of this process who wait behind the one that asks wait for the same holder. */
  #tellBehind(blocker: Blocker): void {
    const place = this.#place;
    if (place?.asking !== this || place.waiting === undefined) return;
    for (const waiter of place.waiting) waiter.#sees(blocker, waiter.#waiting?.ahead);
  }

  blockerAt(now: number): Blocker | undefined {
    const here = this.#place?.holder;
    return here !== undefined && here !== this.#possession ? here.asBlocker() : this.#waiting?.seen(now);
  }
}

function companions(waiting: ReadonlySet<Acquisition>, now: number): NonNullable<AcquireRequest['behind']> {
  const behind = [];
  for (const waiter of waiting) {
    behind.push(waiter.asCompanion(now));
    if (behind.length === mostBehind) break;
  }
  return behind;
}

type LeaseGrant = Omit<Grant, 'contended' | 'waitMs' | 'root'>;

const soon = Promise.resolve();

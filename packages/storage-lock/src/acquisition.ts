import type { AcquireOutcome, Blocker, EventDetails } from '@lockscope/core';
import type { AcquireRequest, AcquireResult, Granted, Holder, LeaseNews, LockRecord } from '@lockscope/storage';
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
import { Line } from './line.ts';
import type { LockRegistry, Place } from './lock-registry.ts';
import type { ResolvedAcquire } from './locks-options.ts';
import { holderOf } from './owner.ts';
import { Possession, type Grant } from './possession.ts';
import { Sight } from './sight.ts';
import { callStorage } from './storage-call.ts';
import { WaiterTimer } from './waiter-timer.ts';

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

/** While it waits, a waiter reports after this long, then each time after twice as long. */
const firstReportMs = 1000;
/** As many of those who wait behind are put on record. */
const mostBehind = 100;

/**
 * @internal One acquire from the call to its outcome. The first question goes out at once and bare; only when the lock
 * is busy does it become a waiter, with a timer, a place on record and a subscription of its own.
 */
export class Acquisition extends Due {
  readonly ownerId: string;
  readonly #call: AcquireCall;
  readonly #registry: LockRegistry;
  readonly #trace: AcquireTrace | undefined;
  readonly #startedAt: number;
  readonly #deadline: number;
  #leaseId: string;
  #settled = false;
  #attempts = 0;
  /** When the question was sent that has no answer yet. */
  #askedAt: number | undefined = undefined;
  /** The last question that was answered: when it was sent, and the storage's time in the answer. */
  #heard: { readonly sentAt: number; readonly storageNow: number } | undefined = undefined;
  #failingSince: number | undefined = undefined;
  #contended = false;
  readonly #sight = new Sight();
  #waits: WaiterTimer<'deadline' | 'ask' | 'report'> | undefined = undefined;
  #reportAfterMs = firstReportMs;
  /** In the storage, once it waits there. */
  #line: Line | undefined = undefined;
  #onAbort: (() => void) | undefined = undefined;
  /** Among the acquires of this process that want the lock alone, while it asks or waits there. */
  #place: Place | undefined = undefined;
  #wokenWhileAsking = false;
  #turnCame: 'local' | 'notified' | 'polled' = 'polled';
  #possession: Possession | undefined = undefined;
  #resolve!: (lock: HeldLock | undefined) => void;
  #reject!: (error: unknown) => void;

  constructor(registry: LockRegistry, call: AcquireCall) {
    super();
    this.#registry = registry;
    this.#call = call;
    this.#leaseId = registry.ids.next();
    this.ownerId = call.owner ?? this.#leaseId;
    this.#startedAt = registry.clock.monotonic();
    this.#deadline = this.#startedAt + call.options.waitMs;
    this.#trace = AcquireTrace.begin(registry, call.key, this.ownerId, call.options);
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

  #begin(): void {
    const { key, once, owner, options } = this.#call;
    if (options.share !== undefined) return this.#askBesides();
    // Asked first, because a possession that finds out that it is over gives its place up.
    const held = this.#registry.heldHere(key);
    const place = this.#registry.place(key);
    if (owner !== undefined && place.sharers !== undefined && this.#registry.sharedBy(key, owner) !== undefined)
      return this.#fail('deadlock', new LockDeadlockError(key, owner));
    const free = place.holder === undefined && place.asking === undefined && place.waiting === undefined;
    // While it is given back, it is for those who wait for it here.
    const wanted = place.waiting !== undefined || place.asking !== undefined;
    const taken = held ?? (wanted ? place.holder : undefined);
    if (once && taken !== undefined) this.#notAcquired(taken.asBlocker());
    else if (free) this.ask(place);
    else if (once) this.#askBesides();
    else this.#queue(place);
  }

  /** A listener that was told of the start may have aborted it, or closed these locks. */
  #calledOff(): boolean {
    const { key, signal } = this.#call;
    if (signal?.aborted === true) this.#fail('aborted', new LockAbortedError(key, signal.reason));
    else if (this.#registry.closed) this.close();
    return this.#settled;
  }

  /** Asks without a place among those of this process: a try, or one that shares the lock. */
  #askBesides(): void {
    this.#registry.besides.add(this);
    this.#endInTime();
    this.#attempt();
  }

  /** It is this one's turn among those of this process; where others have been waiting too, it joins their line at once. */
  ask(place: Place, joinLine: boolean = place.contended): void {
    place.asking = this;
    this.#place = place;
    if (this.#waits === undefined) this.#endInTime();
    this.#turnCame = 'local';
    if (joinLine && !this.#call.once) this.#joinLine();
    this.#attempt();
  }

  #endInTime(): void {
    if (this.#deadline < Infinity) this.#registry.due.set(this, this.#deadline);
  }

  /** Another acquire of this process got the lock while this one waits. */
  #behind(holder: Possession): void {
    if (!this.#settled) this.#sees(holder.asBlocker(), this.#sight.ahead);
  }

  /** The same owner got the lock through another acquire. Somebody else flushes what there is to tell. */
  #joins(possession: Possession): void {
    const asking = this.#askedAt !== undefined;
    this.#trace?.root.hold();
    possession.reenter(this.#trace?.root);
    this.#end('acquired', undefined, possession.record, undefined, true);
    this.#resolve(new HeldLock(possession));
    if (!asking) this.#leaveNothing(this.#leaseId, false, 'caller_gone');
  }

  /** What tells of it; undefined when nobody listens. */
  get #told(): AcquireTrace | undefined {
    return this.#trace;
  }

  /** Whom it waits for, as far as it knows. */
  get blocker(): Blocker | undefined {
    return this.#blockerNow(this.#registry.clock.monotonic());
  }

  close(): void {
    this.#fail('error', new LocksClosedError(this.#call.key));
  }

  due(): void {
    this.#timeOut();
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
    if (this.#waits !== undefined) return;
    this.#registry.due.delete(this);
    this.#waits = new WaiterTimer(this.#registry.clock, (moment) => {
      if (moment === 'deadline') this.#timeOut();
      else if (moment === 'ask') this.#attempt();
      else this.#report();
    });
    this.#waits.set('deadline', this.#deadline);
    if (this.#trace !== undefined) this.#waits.set('report', this.#startedAt + firstReportMs);
  }

  #attempt(): void {
    if (this.#askedAt !== undefined) {
      this.#wokenWhileAsking = true;
      return;
    }
    const { storage, clock } = this.#registry;
    const leaseId = this.#leaseId;
    this.#attempts += 1;
    // The first question goes out in the same turn that asked for it, unless others of this process were before it, or
    // listeners were told first.
    const atOnce = this.#attempts === 1 && this.#waits === undefined && this.#trace === undefined;
    const sentAt = atOnce ? this.#startedAt : clock.monotonic();
    this.#askedAt = sentAt;
    this.#wokenWhileAsking = false;
    const request = this.#request(sentAt);
    const reply = callStorage(() => storage.acquire(request));
    this.#trace?.asks(this.#attempts, sentAt);
    reply.then(
      (result) => this.#answered(sentAt, leaseId, result),
      (error: unknown) => this.#unanswered(sentAt, leaseId, error),
    );
  }

  #request(now: number): AcquireRequest {
    const { key, options } = this.#call;
    const { localHandovers } = this.#registry.options;
    const { leaseMs, share } = options;
    const request: Mutable<AcquireRequest> = { key, leaseId: this.#leaseId, leaseMs, holder: this.#holder };
    const waiting = this.#place?.waiting;
    if (share !== undefined) request.share = share;
    if (waiting !== undefined && localHandovers > 0) request.spareTokens = localHandovers;
    if (this.#line?.onRecord === true) {
      Object.assign(request, this.#line.attempt(this.#sight.ahead));
      request.waitedMs = now - this.#startedAt;
      if (waiting !== undefined) request.behind = companions(waiting, now);
    }
    return request;
  }

  get #holder(): Holder {
    const { ids, options } = this.#registry;
    return holderOf(this.ownerId, ids.process, options.service, this.#call.options.operation, this.#trace?.traceparent);
  }

  /** @internal As those see it who look at the record of the one that stands in line for it. */
  asCompanion(now: number): { readonly holder: Holder; readonly waitedMs: number } {
    return { holder: this.#holder, waitedMs: Math.max(0, now - this.#startedAt) };
  }

  #answered(sentAt: number, leaseId: string, result: AcquireResult): void {
    this.#askedAt = undefined;
    if (this.#settled) return this.#answeredNobody(leaseId, result);
    if (leaseId !== this.#leaseId) {
      this.#leaveNothing(leaseId, result.acquired, 'late_reply');
      return this.#attempt();
    }
    const { key, options, owner, once } = this.#call;
    this.#failingSince = undefined;
    const now = this.#registry.clock.monotonic();
    if (result.acquired) {
      if (now < sentAt + options.leaseMs) return this.#granted(result, sentAt, options.leaseMs, now, sentAt);
      return this.#tooLate(sentAt, now);
    }
    const { record, ahead, storageNow } = result;
    this.#heard = { sentAt, storageNow };
    this.#trace?.answered(this.#attempts, sentAt, now, 'busy', result);
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
    this.#sees(blocker, ahead);
    this.#askLater(ahead, record === undefined ? undefined : record.expiresAt - storageNow);
  }

  /** What it may hear from the storage while it waits there. */
  readonly #hears = (news: LeaseNews): void => {
    if (this.#settled) return;
    if (news.type === 'granted') this.#handedOver(news.result);
    else if (news.type === 'ask') this.wake();
  };

  /**
   * The lock was handed to it by whoever had it before. The lease began when the storage says; on the clock of this
   * process that was no earlier than counted from the last question whose answer told the storage's time.
   */
  #handedOver(result: Granted): void {
    const { acquiredAt, expiresAt } = result.record;
    if (result.record.leaseId !== this.#leaseId) return;
    const now = this.#registry.clock.monotonic();
    const base = this.#heard?.sentAt ?? this.#askedAt ?? this.#startedAt;
    const since = this.#heard === undefined ? 0 : Math.max(0, acquiredAt - this.#heard.storageNow);
    const beganAt = Math.min(now, base + since);
    this.#turnCame = 'notified';
    if (now < beganAt + expiresAt - acquiredAt) this.#granted(result, beganAt, expiresAt - acquiredAt, now);
    else this.#tooLate(beganAt, now);
  }

  /** It was granted for a time that is over, so nobody can work with it. */
  #tooLate(from: number, now: number): void {
    const { key, once } = this.#call;
    const late = new Error(`the storage took ${Math.round(now - from)} ms to grant it, longer than the lease`);
    this.#trace?.answered(this.#attempts, from, now, 'error', late);
    this.#leaveNothing(this.#leaseId, true, 'late_reply');
    this.#leaseId = this.#registry.ids.next();
    this.#line?.watch(this.#leaseId, this.#hears);
    if (once) this.#fail('error', new LockStorageError(key, 'acquire', late));
    else this.#attempt();
  }

  /** Its caller is gone, or has the lock already because it was handed over. */
  #answeredNobody(leaseId: string, result: AcquireResult | 'perhaps'): void {
    this.#registry.leftovers.done();
    const possession = this.#possession;
    const granted = result === 'perhaps' ? result : result.acquired;
    const own = possession !== undefined && possession.record.leaseId === leaseId;
    const same =
      result !== 'perhaps' && result.acquired && result.record.fencingToken === possession?.record.fencingToken;
    if (own && (same || !possession.isOver)) return;
    this.#leaveNothing(leaseId, granted, 'caller_gone');
  }

  #unanswered(sentAt: number, leaseId: string, error: unknown): void {
    this.#askedAt = undefined;
    // The storage may have granted it all the same.
    if (this.#settled) return this.#answeredNobody(leaseId, 'perhaps');
    const { key, options, once } = this.#call;
    const now = this.#registry.clock.monotonic();
    this.#trace?.answered(this.#attempts, sentAt, now, 'error', error);
    this.#failingSince ??= now;
    const final = isFinal(error);
    const patient = this.#waits !== undefined && !once && !final && now - this.#failingSince < options.leaseMs;
    if (patient) return this.#askLater(undefined, undefined);
    this.#fail('error', new LockStorageError(key, 'acquire', error), final ? false : 'perhaps', 'no_answer');
  }

  /** The first time it is busy, it becomes a waiter; then it sleeps until it is told or it is time to ask. */
  #askLater(ahead: number | undefined, leaseLeftMs: number | undefined): void {
    const { clock, storage } = this.#registry;
    const { queues, notifies } = storage.capabilities;
    this.#startWaiting();
    if (this.#line === undefined) {
      this.#joinLine();
      this.#turnCame = 'polled';
      // What changed between the first answer and now was told to nobody.
      if (queues || notifies) return this.#attempt();
    }
    if (this.#wokenWhileAsking) return this.#attempt();
    const sleepMs = (this.#line as unknown as Line).sleepMs(ahead);
    const untilFreeMs = leaseLeftMs === undefined ? Infinity : Math.max(1, Math.ceil(leaseLeftMs));
    this.#turnCame = 'polled';
    this.#waits?.set('ask', clock.monotonic() + Math.min(sleepMs, untilFreeMs));
  }

  #joinLine(): void {
    this.#line ??= new Line(this.#registry, this.#call.key);
    this.#line.watch(this.#leaseId, this.#hears);
  }

  /** It may be its turn: asks at once. */
  wake(): void {
    if (this.#settled) return;
    this.#turnCame = 'notified';
    this.#waits?.set('ask', Infinity);
    this.#attempt();
  }

  /** The lock is passed on within this process: nobody asks the storage. */
  takeOver(from: Possession, now: number): void {
    const { record, previous, grant } = from.passOn(this.#holder, now);
    this.#turnCame = 'local';
    const { leaseMs, renewEveryMs } = this.#call.options;
    this.#has(
      { acquired: true, record, previous, storageNow: record.acquiredAt },
      { ...grant, leaseMs, renewEveryMs },
      now,
    );
  }

  /** `answeredFrom`: when the question was sent that this answers, if there was one. */
  #granted(result: Granted, beganAt: number, firstLeaseMs: number, now: number, answeredFrom?: number): void {
    const { leaseMs, renewEveryMs } = this.#call.options;
    const { options } = this.#registry;
    if (this.#place !== undefined) this.#place.contended = (result.waiting ?? 0) > 0;
    const alone = (result.waiting ?? 0) === 0 && this.#call.options.share === undefined;
    const spareTokens = this.#place?.waiting !== undefined && alone ? options.localHandovers : 0;
    const grant = {
      leaseMs,
      renewEveryMs,
      record: result.record,
      beganAt,
      firstLeaseMs,
      spareTokens,
      passedSince: now,
      unrecorded: false,
    };
    this.#has(result, grant, now, answeredFrom);
  }

  #has(result: Granted, lease: Omit<Grant, 'contended' | 'waitMs' | 'root'>, now: number, answeredFrom?: number): void {
    const { key, options } = this.#call;
    const waitMs = now - this.#startedAt;
    const grant = { ...lease, contended: this.#contended, waitMs, root: this.#trace?.root };
    const possession = new Possession(this.#registry, grant, now);
    this.#possession = possession;
    try {
      possession.start();
    } catch (error) {
      this.#trace?.answered(this.#attempts, answeredFrom ?? now, now, 'acquired');
      return this.#fail('error', new WatchdogError(key, error), true, 'watchdog_failed');
    }
    const place = this.#registry.place(key);
    if (options.share === undefined) place.holder = possession;
    else (place.sharers ??= new Set()).add(possession);
    if (this.#trace !== undefined) {
      this.#trace.root.hold();
      if (answeredFrom !== undefined) this.#trace.answered(this.#attempts, answeredFrom, now, 'acquired', result);
      this.#trace.granted(result, this.#contended ? { via: this.#turnCame, waitMs } : undefined, now);
    }
    this.#end('acquired', undefined, result.record, now);
    this.#resolve(new HeldLock(possession));
    const alone = options.share !== undefined || (place.asking === undefined && place.waiting === undefined);
    const tellOthers = alone ? undefined : this.#others(possession, place);
    // The callers' first steps are in the microtask queue by now, so the listeners' come after them.
    if (this.#trace !== undefined) void soon.then(this.#trace.flush);
    if (tellOthers !== undefined) void soon.then(tellOthers);
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
      this.#sight.sees(blocker, undefined, this.#registry.clock.monotonic());
    }
    this.#end('not_acquired');
    this.#resolve(undefined);
  }

  #timeOut(): void {
    const now = this.#registry.clock.monotonic();
    const waitedMs = now - this.#startedAt;
    this.#fail('timeout', new LockTimeoutError(this.#call.key, waitedMs, this.#blockerNow(now)));
  }

  /** `granted`: whether the storage gave it to this acquire, as far as that is known. */
  #fail(
    outcome: 'timeout' | 'aborted' | 'deadlock' | 'error',
    error: Error,
    granted: boolean | 'perhaps' = false,
    reason: RollbackReason = 'caller_gone',
  ): void {
    if (this.#settled) return;
    const asking = this.#askedAt !== undefined;
    this.#end(outcome, error);
    this.#reject(error);
    if (!asking) this.#leaveNothing(this.#leaseId, granted, reason);
  }

  /** The end, whatever it is: no timer, no subscription, no place in the queue is left. */
  #end(outcome: AcquireOutcome, error?: unknown, record?: LockRecord, now?: number, reentered = false): void {
    this.#settled = true;
    const { due, clock } = this.#registry;
    const { signal, options } = this.#call;
    due.delete(this);
    if (this.#askedAt !== undefined) this.#registry.leftovers.add();
    this.#waits?.stop();
    this.#line?.stop();
    if (this.#onAbort !== undefined) signal?.removeEventListener('abort', this.#onAbort);
    if (this.#trace !== undefined) {
      const at = now ?? clock.monotonic();
      this.#trace.end({
        outcome,
        attempts: this.#attempts,
        waitMs: at - this.#startedAt,
        contended: this.#contended,
        blocker: this.#blockerNow(at),
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
    const operation = this.#line?.onRecord === true && granted !== true ? 'leave' : 'release';
    if (operation === 'leave' || granted !== false)
      cleanUp(this.#registry, { key, leaseId, ownerId, operation, reason });
  }

  #sees(blocker: Blocker, ahead: number | undefined): void {
    const before = this.#sight.last;
    if (!this.#sight.sees(blocker, ahead, this.#registry.clock.monotonic())) return;
    this.#trace?.sees(before, blocker, ahead);
    this.#tellBehind(blocker);
  }

  /** Those of this process who wait behind the one that asks wait for the same holder. */
  #tellBehind(blocker: Blocker): void {
    const place = this.#place;
    if (place?.asking !== this || place.waiting === undefined) return;
    for (const waiter of place.waiting) waiter.#sees(blocker, waiter.#sight.ahead);
  }

  #report(): void {
    const now = this.#registry.clock.monotonic();
    const blocker = this.#blockerNow(now);
    if (blocker !== undefined) this.#trace?.waits(now - this.#startedAt, blocker, this.#sight.ahead);
    this.#reportAfterMs *= 2;
    this.#waits?.set('report', this.#startedAt + this.#reportAfterMs);
  }

  #blockerNow(now: number): Blocker | undefined {
    const here = this.#place?.holder;
    return here !== undefined && here !== this.#possession ? here.asBlocker() : this.#sight.now(now);
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

const soon = Promise.resolve();

/** The storage has said itself that asking again is no use, and that it did nothing. */
function isFinal(error: unknown): boolean {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return code === 'STORAGE_CLOSED' || code === 'FOREIGN_RECORD';
}

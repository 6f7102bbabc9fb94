import type { AcquireOutcome, Blocker, EventDetails } from '@lockscope/core';
import type { AcquireResult, LockRecord } from '@lockscope/storage';
import { AcquireTrace } from './acquire-trace.ts';
import { blockerOf } from './blocker.ts';
import { cleanUp } from './clean-up.ts';
import { Due } from './due-queue.ts';
import { LockAbortedError, LocksClosedError, LockStorageError, LockTimeoutError, WatchdogError } from './errors.ts';
import { HeldLock } from './held-lock.ts';
import type { LockRegistry, Place } from './lock-registry.ts';
import type { ResolvedAcquire } from './locks-options.ts';
import { holderOf } from './owner.ts';
import { PollDelay } from './poll-delay.ts';
import { Possession } from './possession.ts';
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

type Granted = AcquireResult & { readonly acquired: true };
type RollbackReason = EventDetails['lock.rollback']['reason'];

/** While it waits, a waiter reports after this long, then each time after twice as long. */
const firstReportMs = 1000;
/** How long a waiter sleeps at most where the storage wakes it: what one lost notification costs. */
const longestSleepMs = 1000;
/** A waiter stays on record for so many of its longest sleeps after it was last heard of. */
const sleepsOnRecord = 4;

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
  #failingSince: number | undefined = undefined;
  #contended = false;
  #blocker: { readonly seen: Blocker; readonly at: number; readonly ahead: number | undefined } | undefined = undefined;
  #waits: WaiterTimer<'deadline' | 'ask' | 'report'> | undefined = undefined;
  #reportAfterMs = firstReportMs;
  #delay: PollDelay | undefined = undefined;
  #unwatch: (() => void) | undefined = undefined;
  #onAbort: (() => void) | undefined = undefined;
  /** Among the acquires of this process, while it asks or waits there. */
  #place: Place | undefined = undefined;
  #onRecord = false;
  #wokenWhileAsking = false;
  #turnCame: 'local' | 'notified' | 'polled' = 'polled';
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
    this.#trace = AcquireTrace.begin(registry, call.key, this.ownerId, call.options.operation);
  }

  start(): Promise<HeldLock | undefined> {
    const promise = new Promise<HeldLock | undefined>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { key, once, signal } = this.#call;
    if (this.#trace !== undefined && this.#calledOff()) return promise;
    if (signal !== undefined) {
      this.#onAbort = () => this.#fail('aborted', new LockAbortedError(key, signal.reason));
      signal.addEventListener('abort', this.#onAbort, { once: true });
    }
    // Asked first, because a possession that finds out that it is over gives its place up.
    const held = this.#registry.heldHere(key);
    const place = this.#registry.place(key);
    const free = place.holder === undefined && place.asking === undefined && place.waiting === undefined;
    // While it is given back, it is for those who wait for it here.
    const taken = held ?? (place.waiting === undefined ? undefined : place.holder);
    if (once && taken !== undefined) this.#notAcquired(taken.asBlocker());
    else if (free) this.ask(place);
    else if (once) {
      this.#registry.besides.add(this);
      this.#endInTime();
      this.#attempt();
    } else this.#queue(place);
    return promise;
  }

  /** A listener that was told of the start may have aborted it, or closed these locks. */
  #calledOff(): boolean {
    const { key, signal } = this.#call;
    if (signal?.aborted === true) this.#fail('aborted', new LockAbortedError(key, signal.reason));
    else if (this.#registry.closed) this.close();
    return this.#settled;
  }

  /** It is this one's turn among those of this process. */
  ask(place: Place): void {
    place.asking = this;
    this.#place = place;
    if (this.#waits === undefined) this.#endInTime();
    this.#turnCame = 'local';
    this.#attempt();
  }

  #endInTime(): void {
    if (this.#deadline < Infinity) this.#registry.due.set(this, this.#deadline);
  }

  /** Another acquire of this process got the lock while this one waits. */
  #behind(holder: Possession): void {
    if (!this.#settled) this.#sees(holder.asBlocker(), this.#blocker?.ahead);
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
    const { storage, clock, ids, options } = this.#registry;
    const { key, options: own } = this.#call;
    const leaseId = this.#leaseId;
    const holder = holderOf(this.ownerId, ids.process, options.service, own.operation, this.#trace?.traceparent);
    const request = { key, leaseId, leaseMs: own.leaseMs, holder };
    this.#attempts += 1;
    // The first question goes out in the same turn that asked for it, unless others of this process were before it, or
    // listeners were told first.
    const atOnce = this.#attempts === 1 && this.#waits === undefined && this.#trace === undefined;
    const sentAt = atOnce ? this.#startedAt : clock.monotonic();
    this.#askedAt = sentAt;
    this.#wokenWhileAsking = false;
    const reply = callStorage(() =>
      storage.acquire(this.#onRecord ? { ...request, waitMs: this.#longestSleepMs * sleepsOnRecord } : request),
    );
    this.#trace?.asks(this.#attempts, sentAt);
    reply.then(
      (result) => this.#answered(sentAt, leaseId, result),
      (error: unknown) => this.#unanswered(sentAt, leaseId, error),
    );
  }

  #answered(sentAt: number, leaseId: string, result: AcquireResult): void {
    this.#askedAt = undefined;
    if (this.#settled) return this.#answeredNobody(leaseId, result.acquired);
    const { key, options, owner, once } = this.#call;
    this.#failingSince = undefined;
    if (result.acquired) {
      const now = this.#registry.clock.monotonic();
      if (now < sentAt + options.leaseMs) return this.#granted(sentAt, result, now);
      return this.#tooLate(sentAt, now);
    }
    this.#trace?.answered(this.#attempts, sentAt, this.#registry.clock.monotonic(), 'busy');
    const { record, ahead, storageNow } = result;
    const held = owner === undefined ? undefined : this.#registry.heldHere(key);
    if (held !== undefined && held.ownerId === owner) {
      this.#joins(held);
      if (this.#trace !== undefined) void soon.then(this.#trace.flush);
      return;
    }
    const blocker = record === undefined ? nobodyYet : blockerOf(record, storageNow - record.acquiredAt);
    if (once) return this.#notAcquired(blocker);
    this.#contended = true;
    this.#sees(blocker, ahead);
    this.#askLater(ahead, record === undefined ? undefined : record.expiresAt - storageNow);
  }

  /** The answer took longer than the lease, so nobody can work with what was granted. */
  #tooLate(sentAt: number, now: number): void {
    const { key, once } = this.#call;
    const tookMs = Math.round(now - sentAt);
    const late = new Error(`the storage took ${tookMs} ms to grant it, longer than the lease`);
    this.#trace?.answered(this.#attempts, sentAt, now, 'error', late);
    this.#leaveNothing(this.#leaseId, true, 'late_reply');
    this.#leaseId = this.#registry.ids.next();
    if (once) this.#fail('error', new LockStorageError(key, 'acquire', late));
    else this.#attempt();
  }

  /** Its caller is gone. */
  #answeredNobody(leaseId: string, granted: boolean | 'perhaps'): void {
    this.#leaveNothing(leaseId, granted, 'caller_gone');
    this.#registry.leftovers.done();
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
    const { storage, clock, options } = this.#registry;
    const { queues, notifies } = storage.capabilities;
    this.#startWaiting();
    if (this.#delay === undefined) {
      this.#delay = new PollDelay(options.poll);
      this.#onRecord = queues;
      this.#turnCame = 'polled';
      if (notifies) this.#unwatch = this.#watch();
      // What changed between the first answer and now was told to nobody.
      if (queues || notifies) return this.#attempt();
    }
    if (this.#wokenWhileAsking) return this.#attempt();
    const sleepMs = notifies ? longestSleepMs : this.#delay.next(queues ? ahead : undefined);
    const untilFreeMs = leaseLeftMs === undefined ? Infinity : Math.max(1, Math.ceil(leaseLeftMs));
    this.#turnCame = 'polled';
    this.#waits?.set('ask', clock.monotonic() + Math.min(sleepMs, untilFreeMs));
  }

  /** A subscription that fails costs a sleep of a second at most, so it is no reason to fail. */
  #watch(): (() => void) | undefined {
    try {
      return this.#registry.storage.watch?.(this.#call.key, this.#leaseId, () => this.#wake());
    } catch {
      return undefined;
    }
  }

  #wake(): void {
    if (this.#settled) return;
    this.#turnCame = 'notified';
    this.#waits?.set('ask', Infinity);
    this.#attempt();
  }

  #granted(sentAt: number, result: Granted, now: number): void {
    const { key, options } = this.#call;
    const { leaseMs, renewEveryMs } = options;
    const waitMs = now - this.#startedAt;
    const grant = {
      leaseMs,
      renewEveryMs,
      record: result.record,
      sentAt,
      contended: this.#contended,
      waitMs,
      root: this.#trace?.root,
    };
    const possession = new Possession(this.#registry, grant, now);
    try {
      possession.start();
    } catch (error) {
      this.#trace?.answered(this.#attempts, sentAt, now, 'acquired');
      return this.#fail('error', new WatchdogError(key, error), true, 'watchdog_failed');
    }
    const place = this.#registry.place(key);
    place.holder = possession;
    if (this.#trace !== undefined) {
      this.#trace.root.hold();
      this.#trace.answered(this.#attempts, sentAt, now, 'acquired');
      this.#trace.granted(result, this.#contended ? { via: this.#turnCame, waitMs } : undefined, now);
    }
    this.#end('acquired', undefined, result.record, now);
    this.#resolve(new HeldLock(possession));
    const alone = place.asking === undefined && place.waiting === undefined;
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
      this.#blocker = { seen: blocker, at: this.#registry.clock.monotonic(), ahead: undefined };
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
    outcome: 'timeout' | 'aborted' | 'error',
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
    this.#stopWatching();
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

  #stopWatching(): void {
    try {
      this.#unwatch?.();
    } catch {
      // It is over all the same; a wake that still comes finds nobody.
    }
  }

  /** Takes away what questions left in the storage that nobody waits for: a lock, a place among the waiters. */
  #leaveNothing(leaseId: string, granted: boolean | 'perhaps', reason: RollbackReason): void {
    const { key } = this.#call;
    const { ownerId } = this;
    if (granted !== false) cleanUp(this.#registry, { key, leaseId, ownerId, operation: 'release', reason });
    if (granted !== true && this.#onRecord)
      cleanUp(this.#registry, { key, leaseId, ownerId, operation: 'leave', reason });
  }

  #sees(blocker: Blocker, ahead: number | undefined): void {
    const before = this.#blocker?.seen;
    this.#blocker = { seen: blocker, at: this.#registry.clock.monotonic(), ahead };
    if (before === undefined || before.ownerId !== blocker.ownerId || before.fencingToken !== blocker.fencingToken) {
      this.#trace?.sees(before, blocker, ahead);
      this.#tellBehind(blocker);
    }
  }

  /** Those of this process who wait behind the one that asks wait for the same holder. */
  #tellBehind(blocker: Blocker): void {
    const place = this.#place;
    if (place?.asking !== this || place.waiting === undefined) return;
    for (const waiter of place.waiting) waiter.#sees(blocker, waiter.#blocker?.ahead);
  }

  #report(): void {
    const now = this.#registry.clock.monotonic();
    const blocker = this.#blockerNow(now);
    if (blocker !== undefined) this.#trace?.waits(now - this.#startedAt, blocker, this.#blocker?.ahead);
    this.#reportAfterMs *= 2;
    this.#waits?.set('report', this.#startedAt + this.#reportAfterMs);
  }

  #blockerNow(now: number): Blocker | undefined {
    const here = this.#place?.holder;
    if (here !== undefined && here.record.leaseId !== this.#leaseId) return here.asBlocker();
    if (this.#blocker === undefined) return undefined;
    const { seen, at } = this.#blocker;
    return seen.heldForMs === undefined ? seen : { ...seen, heldForMs: seen.heldForMs + now - at };
  }

  get #longestSleepMs(): number {
    const { storage, options } = this.#registry;
    return storage.capabilities.notifies ? longestSleepMs : Math.max(500, options.poll.maxMs);
  }
}

/** Who stands in the way when the lock is free, but kept for a waiter that came first and has not taken it yet. */
const nobodyYet: Blocker = Object.freeze({ ownerId: '_next', operation: '_handoff' });

const soon = Promise.resolve();

/** The storage has said itself that asking again is no use, and that it did nothing. */
function isFinal(error: unknown): boolean {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return code === 'STORAGE_CLOSED' || code === 'FOREIGN_RECORD';
}

import type { AcquireRequest, Companion, Refused } from '@lockscope/storage';
import { AcquisitionGrants } from './acquisition-grants.ts';
import { blockerOf, nobodyYet } from './blocker.ts';
import { LockAbortedError, LockDeadlockError, LockStorageError } from './errors.ts';
import type { HeldLock } from './held-lock.ts';
import { isFinal } from './inquiry.ts';
import { placeMs } from './line.ts';
import type { Place } from './lock-registry.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** As many of those who wait behind are put on record. */
const mostBehind = 100;

/**
 * @internal One acquire from the call to its outcome: how it asks and waits. The first question goes out at once and
 * bare; only when the lock is busy does it become a waiter, with a timer, a place on record and a subscription of its
 * own.
 */
export class Acquisition extends AcquisitionGrants {
  start(): Promise<HeldLock | undefined> {
    const promise = new Promise<HeldLock | undefined>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    const { key, signal } = this.call;
    if (this.trace !== undefined && this.#calledOff()) return promise;
    if (signal !== undefined) {
      this.onAbort = () => this.fail('aborted', new LockAbortedError(key, signal.reason));
      signal.addEventListener('abort', this.onAbort, { once: true });
    }
    this.#begin();
    return promise;
  }

  /** A listener that was told of the start may have aborted it, or closed these locks. */
  #calledOff(): boolean {
    const { key, signal } = this.call;
    if (signal?.aborted === true) this.fail('aborted', new LockAbortedError(key, signal.reason));
    else if (this.registry.closed) this.close();
    return this.settled;
  }

  #begin(): void {
    const { key, once, owner, options } = this.call;
    if (options.share !== undefined) return this.#askBesides();
    // Asked first, because a possession that finds out that it is over gives its place up.
    const held = this.registry.heldHere(key);
    const place = this.registry.place(key);
    const shared = owner === undefined || place.sharers === undefined ? undefined : this.registry.sharedBy(key, owner);
    if (shared !== undefined) {
      this.deadlockWith = [shared.asBlocker()];
      return this.fail('deadlock', new LockDeadlockError(key, shared.ownerId));
    }
    const wanted = place.waiting !== undefined || place.asking !== undefined;
    // While it is given back, it is for those who wait for it here.
    const taken = held ?? (wanted ? place.holder : undefined);
    if (once && taken !== undefined) this.notAcquired(taken.asBlocker());
    else if (place.holder === undefined && !wanted) this.askFirst(place);
    else if (once) this.#askBesides();
    else this.#queue(place);
  }

  /** Asks without a place among those of this process: a try, or one that shares the lock. */
  #askBesides(): void {
    this.registry.besides.add(this);
    this.#endInTime();
    this.#askAtOnce();
  }

  /** It is this one's turn among those of this process; where others have been waiting too, it joins their line at once. */
  askFirst(place: Place, joinLine: boolean = place.contended): void {
    place.asking = this;
    this.place = place;
    this.ledger?.asks(this.registry.clock.monotonic());
    if (this.waiting === undefined) this.#endInTime();
    if (this.waiting !== undefined) this.waiting.turnCame = 'local';
    if (joinLine && !this.call.once) this.wait.joinLine(this.inquiry.leaseId);
    this.#askAtOnce();
  }

  #endInTime(): void {
    if (this.deadline < Infinity) this.registry.due.set(this, this.deadline);
  }

  /**
   * The first question goes out in the same turn that asked for it, unless others of this process were before it, or
   * listeners were told first.
   */
  #askAtOnce(): void {
    this.inquiry.ask(this.waiting?.started === true || this.trace !== undefined ? undefined : this.startedAt);
  }

  ask(): void {
    this.inquiry.ask();
  }

  /** It may be its turn: asks at once. */
  wake(): void {
    if (this.settled) return;
    this.waiting?.woken();
    this.inquiry.ask();
  }

  due(now: number): void {
    if (this.waiting?.started === true) this.waiting.due(now);
    else this.timeOut();
  }

  #queue(place: Place): void {
    const ahead = (place.waiting?.size ?? 0) + (place.asking === undefined ? 0 : 1);
    this.registry.wait(place, this);
    this.place = place;
    this.contends();
    this.ledger?.queues();
    const blocker = place.holder?.asBlocker() ?? place.asking?.blocker;
    if (blocker !== undefined) {
      this.ledger?.sees(blocker, this.startedAt, place.holder);
      this.sees(blocker, ahead);
    }
    this.#startWaiting();
    if (place.holder?.lasts === true) this.registry.putOnRecord(place);
  }

  #startWaiting(): void {
    if (this.waiting?.started !== true) this.wait.start(this.deadline);
  }

  request(leaseId: string, sentAt: number): AcquireRequest {
    const { key, options } = this.call;
    const { localHandovers } = this.registry.options;
    const request: Mutable<AcquireRequest> = { key, leaseId, leaseMs: options.leaseMs, holder: this.holder };
    const behind = this.place?.waiting;
    if (options.share !== undefined) request.share = options.share;
    this.spareAsked = behind === undefined ? 0 : localHandovers;
    if (this.spareAsked > 0) request.spareTokens = this.spareAsked;
    const place = this.waiting?.attempt();
    if (place !== undefined) {
      Object.assign(request, place);
      request.waitedMs = sentAt - this.startedAt;
      if (behind !== undefined) request.behind = companions(behind, sentAt);
      if (this.trace?.tellsWaits === true && this.registry.storage.capabilities.turns) request.turns = true;
    } else if (this.#joinsLineNext) {
      request.placeMs = placeMs;
      this.placed = true;
    }
    return request;
  }

  /** Found taken, it asks again as a waiter that the storage puts in line. */
  get #joinsLineNext(): boolean {
    const { once, options } = this.call;
    const { storage } = this.registry;
    const { notifies, queues } = storage.capabilities;
    return !once && options.share === undefined && notifies && queues && storage.leave !== undefined;
  }

  /** As those see it who look at the record of the one that stands in line for it. */
  asCompanion(now: number): Companion {
    return { holder: this.holder, waitedMs: Math.max(0, now - this.startedAt) };
  }

  refused(result: Refused, sentAt: number, now: number): void {
    const { record, ahead, storageNow } = result;
    const { key, options, owner, once } = this.call;
    const held = owner === undefined || options.share !== undefined ? undefined : this.registry.heldHere(key);
    if (held !== undefined && held.ownerId === owner) {
      this.joins(held);
      if (this.trace !== undefined) void soon.then(this.trace.flush);
      return;
    }
    const here = this.place?.holder;
    // What was passed on within this process is on record only when it lasts.
    const ours = here !== undefined && record?.leaseId === here.record.leaseId ? here.asBlocker() : undefined;
    const blocker = ours ?? (record === undefined ? nobodyYet : blockerOf(record, storageNow - record.acquiredAt));
    if (once) return this.notAcquired(blocker);
    this.contends();
    if (this.place !== undefined) this.place.contended = true;
    if (this.waiting?.onRecord === true) this.spareOnRecord = this.spareAsked;
    const pieces = this.ledger?.refused(result, sentAt, now);
    this.learns(pieces, now);
    const changed = this.sees(blocker, ahead);
    if (changed || pieces !== undefined) this.tellBehind(pieces, now, blocker);
    this.#askLater(record === undefined ? undefined : record.expiresAt - storageNow);
  }

  failed(error: unknown, sentAt: number, now: number): void {
    const { key, options, once } = this.call;
    const final = isFinal(error);
    const failingMs = now - (this.inquiry.failingSince ?? now);
    this.tellBehind(this.ledger?.failed(sentAt, now), now);
    // An outage is forgiven by those who wait.
    if (this.waiting?.started === true && !once && !final && failingMs < options.leaseMs)
      return this.#askLater(undefined);
    if (final) this.placed = false;
    this.fail('error', new LockStorageError(key, 'acquire', error), final ? false : 'perhaps', 'no_answer');
  }

  /** The first time it is busy, it becomes a waiter; then it sleeps until it is told or it is time to ask. */
  #askLater(leaseLeftMs: number | undefined): void {
    const { queues, notifies } = this.registry.storage.capabilities;
    this.#startWaiting();
    const waiting = this.wait;
    if (!waiting.inLine) {
      waiting.joinLine(this.inquiry.leaseId);
      waiting.turnCame = 'polled';
      // What changed between the first answer and now was told to nobody.
      if (queues || notifies) return this.inquiry.ask();
    }
    if (this.inquiry.wokenMeanwhile) return this.inquiry.ask();
    waiting.sleep(leaseLeftMs);
  }

  protected leavePlace(): void {
    if (this.place === undefined) this.registry.besides.delete(this);
    else this.registry.leave(this.place, this);
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

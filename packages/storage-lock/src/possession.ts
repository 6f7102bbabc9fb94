import type { Blocker, LossEvidence, LostReason, OpenEvent, ReleaseReason } from '@lockscope/core';
import type { Holder } from '@lockscope/storage';
import { offsetAtGrant } from './clock-offset.ts';
import { LockLostError, LocksClosedError } from './errors.ts';
import { hearOfForce, stopHearing } from './forced-news.ts';
import type { Grant, PassedOn } from './grant.ts';
import { isTold } from './is-told.ts';
import { Lease } from './lease.ts';
import type { LockRegistry } from './lock-registry.ts';
import { mayPassOn, passOn } from './passing-on.ts';
import { lastsAfterMs, PossessionFacts } from './possession-facts.ts';
import { PossessionTrace } from './possession-trace.ts';
import { Release } from './release.ts';
import { Renewing } from './renewing.ts';
import { makeWatchdog, stopWatchdog, type WatchedLease, type Watchdog } from './watchdog.ts';

/** A possession that lasts so long is told of at once when the lock is taken away, and is put right on record. */
const settlesAfterMs = 50;

/**
 * @internal One possession of a lock, from the grant to its end: what renews its lease, when that is over, how it ends.
 * When its own deadline is over the holder has to stop, whatever the storage thinks.
 */
export class Possession extends PossessionFacts implements WatchedLease {
  /** What is told of it; undefined when nobody listens, or did when it began. */
  trace: PossessionTrace | undefined;
  state: 'held' | 'suspect' | 'releasing' | 'released' | 'lost' = 'held';
  depth = 1;
  deepest = 1;
  loss: LockLostError | undefined = undefined;
  /** Set when `close()` took it from a holder that was not done. */
  closed: LocksClosedError | undefined = undefined;
  readonly #lease: Lease;
  /** Made when it is renewed for the first time. */
  #renewing: Renewing | undefined = undefined;
  /** The next step in getting old: on watch, then with the waiters of this process on record. */
  #agesAt: number;
  #stopHearing: (() => void) | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #watchdog: Watchdog | undefined = undefined;
  /** While a custom watchdog is made: a lease that ends then was never anybody's. */
  #starting = false;
  #release: Release | undefined = undefined;
  #released: Promise<boolean> | undefined = undefined;
  #reentries = 0;

  constructor(registry: LockRegistry, grant: Grant, now: number) {
    super(registry, grant, now);
    const { root } = grant;
    this.trace = root === undefined ? undefined : new PossessionTrace(this, root);
    this.#lease = new Lease(grant);
    if (this.#renewsItself) this.#lease.renewsItself(grant.unrecorded ? now + settlesAfterMs : Infinity);
    const { notifies, queues } = registry.storage.capabilities;
    this.#agesAt = notifies || queues ? now + settlesAfterMs : Infinity;
  }

  get isOver(): boolean {
    return this.state === 'lost' || this.state === 'released';
  }
  /** True until it is lost or begins to be given back; whether its lease is over says {@link alive}. */
  get isHeld(): boolean {
    return this.state === 'held' || this.state === 'suspect';
  }

  get renewals(): number {
    return this.#lease.renewals;
  }

  /** Starts a custom watchdog. Throws what that throws; then nothing was started. */
  start(): void {
    const { watchdog } = this.registry.options;
    if (typeof watchdog === 'function') {
      // When it will ask, and whether its timers run late, only it knows.
      if (this.trace !== undefined) this.#renewals.watchLoop(this.grantedAt);
      this.#starting = true;
      try {
        this.#watchdog = makeWatchdog(watchdog, this);
        this.#starting = false;
      } catch (error) {
        this.#end('released', this.registry.clock.monotonic());
        throw error;
      }
    }
  }

  /** True while it is held at this very moment. Finds out, and tells, when the lease is over. */
  alive(): boolean {
    if (!this.isHeld) return false;
    const now = this.registry.clock.monotonic();
    if (now < this.#lease.deadline) return true;
    if (!this.#starting) this.lose(this.whyOver(now));
    return false;
  }

  remainingMs(): number {
    return this.alive() ? this.#lease.deadline - this.registry.clock.monotonic() : 0;
  }

  get signal(): AbortSignal {
    this.alive();
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      const over = this.loss ?? this.closed;
      if (over !== undefined) this.#controller.abort(over);
    }
    return this.#controller.signal;
  }

  /** The same owner acquired it again; `root` is the tree of that acquire, when it had to wait and so has its own. */
  reenter(root?: OpenEvent<'lock'>): void {
    this.depth += 1;
    this.#reentries += 1;
    this.deepest = Math.max(this.deepest, this.depth);
    if (isTold(this.#reentries)) this.trace?.changesDepth('lock.reentered', this.depth);
    if (root === undefined) return;
    if (this.trace === undefined) this.trace = new PossessionTrace(this, root);
    else this.trace.joinedBy(root);
  }

  /** Gives it back, or one of several acquires of it. False when it had been lost before. */
  release(): Promise<boolean> {
    if (!this.alive()) return this.#released ?? Promise.resolve(false);
    if (this.depth > 1) {
      this.depth -= 1;
      if (isTold(this.#reentries)) this.trace?.changesDepth('lock.depth_released', this.depth);
      return Promise.resolve(true);
    }
    if (this.grant.spareTokens > 0 && this.#passesOn()) return (this.#released = Promise.resolve(true));
    this.state = 'releasing';
    this.registry.releases(this);
    this.#release = new Release(this.registry, this, this.#lease.deadline);
    this.#released = this.#release.start();
    // After the request is on its way, so that the next one need not wait for it.
    this.#stop();
    return this.#released;
  }

  /** To the next of this process, if there is one and nobody elsewhere has been waiting. */
  #passesOn(): boolean {
    const now = this.registry.clock.monotonic();
    const settled = this.state === 'held' && this.#renewsItself && this.#renewing?.pending === undefined;
    if (!settled || !mayPassOn(this.grant, this.#lease, now)) return false;
    const next = this.registry.nextHere(this);
    if (next === undefined) return false;
    this.state = 'releasing';
    this.#stop();
    next.takeOver(this, now);
    this.#end('released', now);
    this.trace?.passedOn(now);
    return true;
  }

  /** What the next one of this process begins with. */
  passOn(holder: Holder, now: number): PassedOn {
    return passOn(this.grant, this.#lease, holder, now - this.grantedAt);
  }

  /** Gives it back over its holder's head, however often it was acquired. The holder is told before anybody gets it. */
  close(): Promise<boolean> {
    if (this.alive()) {
      this.depth = 1;
      this.closed = new LocksClosedError(this.key, 'held');
      this.#controller?.abort(this.closed);
    }
    return this.release();
  }

  due(now: number, lateMs: number): void {
    this.#lease.ran(lateMs);
    if (now >= this.#lease.deadline) {
      if (this.#release !== undefined) this.#release.giveUp();
      else this.lose(this.whyOver(now));
      return;
    }
    if (this.#release === undefined) {
      if (now >= this.#agesAt) this.#age(now);
      if (now >= this.#lease.renewAt - this.earlyMs) {
        this.#lease.asks(now);
        this.#renewals.askAgain(now);
      }
    }
    this.schedule();
  }

  /** Only what lasts is worth a subscription, and only for what lasts are those who wait put on record. */
  #age(now: number): void {
    const { notifies, queues } = this.registry.storage.capabilities;
    const old = this.grantedAt + lastsAfterMs;
    if (notifies) this.#stopHearing ??= hearOfForce(this.registry.storage, this.record, () => this.lose('forced'));
    if (queues && now >= old) this.registry.putOnRecord(this.registry.place(this.key));
    this.#agesAt = queues && now < old ? old : Infinity;
  }

  renew(): Promise<'renewed' | 'failed' | 'lost'> {
    if (!this.alive()) return Promise.resolve('lost');
    // What a custom watchdog asks while it is made comes before the end of the acquire, so it is not told.
    return this.#renewals.ask(!this.#starting);
  }

  get #renewals(): Renewing {
    return (this.#renewing ??= new Renewing(this.registry, this, this.#lease));
  }

  /** It was renewed, or a renewal failed. */
  becomes(state: 'held' | 'suspect'): void {
    if (this.isHeld) this.state = state;
    this.schedule();
  }

  /** Its deadline is over: why did nothing prolong it? `answeredTooLate`: when the renewal was sent that was. */
  whyOver(now: number, answeredTooLate?: number): LostReason {
    if (this.position !== -1) this.#lease.ran(now - this.dueAt);
    this.#seesLoop(now);
    const pendingSince = answeredTooLate ?? this.#renewing?.pending?.sentAt;
    return this.#lease.whyOver(now, pendingSince, this.registry.options.watchdog !== false);
  }

  /** What is known of its lease since that was last confirmed. */
  evidence(now: number, successor?: Blocker): LossEvidence {
    this.#seesLoop(now);
    if (this.trace !== undefined) this.#lease.clockOffsetMs ??= offsetAtGrant(this.grant, this.grantedAt);
    return this.#lease.evidence(now, this.#renewing?.pending, successor);
  }

  /** Where somebody listens, it is measured while an answer is due; everybody knows when a timer of theirs is late. */
  #seesLoop(now: number): void {
    if (this.trace !== undefined) this.#lease.ran(this.registry.loop.worstSince(this.#lease.confirmedAt, now));
  }

  /**
   * It is lost, whoever found out. The holder is told first, the listeners after it. While it is being released, only
   * the release finds out what became of it.
   */
  lose(reason: LostReason, successor?: Blocker): void {
    if (this.isHeld) this.lost(reason, successor);
  }

  /** As {@link lose}, for the release, which may know how long the storage took to tell. */
  lost(reason: LostReason, successor?: Blocker, roundTripMs = 0): void {
    const { clock } = this.registry;
    const now = clock.monotonic();
    this.state = 'lost';
    if (roundTripMs > 0) this.#lease.tookMs(roundTripMs);
    const evidence = this.evidence(now, successor);
    const { fencingToken } = this.record;
    this.loss = new LockLostError(this.key, { reason, fencingToken, evidence, lostAt: clock.now() });
    this.#stop();
    this.#controller?.abort(this.loss);
    this.trace?.lost(this.loss, now);
    this.finish('lost', now, this.loss);
  }

  /** The end of its trees, and of its place among the locks of this process. */
  finish(outcome: ReleaseReason, at: number, error?: unknown): void {
    this.#end(outcome, at);
    this.trace?.end(outcome, at, error);
    this.registry.ended(this);
  }

  #end(outcome: ReleaseReason, at: number): void {
    if (outcome !== 'lost') this.state = 'released';
    this.registry.due.delete(this);
    this.#renewing?.end(at);
  }

  /** Whether the built-in schedule renews the lease. */
  get #renewsItself(): boolean {
    return this.registry.options.watchdog === undefined;
  }

  /** Sets when it is called next: for its renewal, for its deadline. */
  schedule(): void {
    if (this.isOver) return;
    const { deadline, renewAt, failures } = this.#lease;
    this.earlyMs = 0;
    if (this.#release !== undefined) return this.registry.due.set(this, deadline);
    const next = Math.min(this.#agesAt, deadline);
    // A regular renewal may go out a bit early, so that those of many leases go out together.
    const regular = this.#renewing?.pending === undefined && failures === 0;
    if (regular && renewAt <= next && this.registry.renewals.takesMany) this.earlyMs = this.renewEveryMs / 10;
    this.registry.due.set(this, Math.min(renewAt, next));
  }

  /** No watchdog and no news any more. */
  #stop(): void {
    stopWatchdog(this.#watchdog, this.key);
    this.#watchdog = undefined;
    const stop = this.#stopHearing;
    this.#stopHearing = undefined;
    stopHearing(stop);
  }
}

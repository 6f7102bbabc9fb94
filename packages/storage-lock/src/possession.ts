import type { Blocker, EventOutcomes, LostReason, OpenEvent } from '@lockscope/core';
import type { Holder, LeaseNews, LeaseUpdate, LockRecord, Predecessor, RenewResult } from '@lockscope/storage';
import { blockerOf, snapshotOf } from './blocker.ts';
import { Due } from './due-queue.ts';
import { LockLostError, LocksClosedError } from './errors.ts';
import { isTold } from './is-told.ts';
import { Lease, type LeaseTerms } from './lease.ts';
import type { LockRegistry } from './lock-registry.ts';
import { countGarbageCollection } from './loss-evidence.ts';
import { endRenewal, OpenRenewals, type OpenRenewal } from './open-renewals.ts';
import { Release } from './release.ts';
import { votesOf } from './votes.ts';
import { makeWatchdog, stopWatchdog, type WatchedLease, type Watchdog } from './watchdog.ts';

/** @internal What is known of a possession when it begins. */
export interface Grant extends LeaseTerms {
  readonly record: LockRecord;
  readonly contended: boolean;
  readonly waitMs: number;
  readonly root: OpenEvent<'lock'> | undefined;
  /** How often it may still be passed on within this process without asking the storage. */
  readonly spareTokens: number;
  /** Since when this process has it, whoever in it; on the monotonic clock. */
  readonly passedSince: number;
  /** True when it was passed on here: the storage does not know yet who has it. */
  readonly unrecorded: boolean;
}

/** @internal What the next owner of this process gets. */
export interface PassedOn {
  readonly previous: Predecessor;
  readonly lease: Omit<Grant, 'contended' | 'waitMs' | 'root' | 'leaseMs' | 'renewEveryMs'>;
}

/** A possession that lasts so long is told of at once when the lock is taken away, and is put right on record. */
const settlesAfterMs = 50;
/** One that lasts so long has those of this process who wait for it put on record. */
const lastsAfterMs = 250;
/** A process keeps a lock to itself for so long, while others of it wait, before others get their turn. */
const keptToItselfMs = 100;
/** As much of the lease has to be left to be passed on: enough to renew it. */
const leftToPassOnMs = 500;

/**
 * @internal One possession of a lock, from the grant to its end: what renews its lease, when that is over, how it ends.
 * When its own deadline is over the holder has to stop, whatever the storage thinks.
 */
export class Possession extends Due implements WatchedLease {
  readonly grant: Grant;
  readonly grantedAt: number;
  state: 'held' | 'suspect' | 'releasing' | 'released' | 'lost' = 'held';
  depth = 1;
  loss: LockLostError | undefined = undefined;
  /** Set when `close()` took it from a holder that was not done. */
  closed: LocksClosedError | undefined = undefined;
  readonly #registry: LockRegistry;
  readonly #lease: Lease;
  readonly #renewals = new OpenRenewals();
  #renewAt: number;
  /** The next step in getting old: on watch, then with the waiters of this process on record. */
  #agesAt: number;
  #unrecorded: LeaseUpdate | undefined;
  #unwatch: (() => void) | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #watchdog: Watchdog | undefined = undefined;
  /** While a custom watchdog is made: a lease that ends then was never anybody's. */
  #starting = false;
  #release: Release | undefined = undefined;
  #released: Promise<boolean> | undefined = undefined;
  #reentries = 0;
  #deepest = 1;
  /** Roots of other acquires of the same owner that became re-entries of this possession. */
  #guests: readonly OpenEvent<'lock'>[] = noGuests;

  constructor(registry: LockRegistry, grant: Grant, now: number) {
    super();
    this.#registry = registry;
    this.grant = grant;
    this.grantedAt = now;
    this.#lease = new Lease(grant);
    const { holder, fencingToken } = grant.record;
    this.#unrecorded = grant.unrecorded ? { holder, fencingToken } : undefined;
    const first = grant.unrecorded
      ? Math.min(now + settlesAfterMs, this.#lease.firstRenewalAt)
      : this.#lease.firstRenewalAt;
    this.#renewAt = this.#renewsItself ? first : Infinity;
    const { notifies, queues } = registry.storage.capabilities;
    this.#agesAt = notifies || queues ? now + settlesAfterMs : Infinity;
  }

  get record(): LockRecord {
    return this.grant.record;
  }
  get key(): string {
    return this.grant.record.key;
  }
  get name(): string {
    return this.#registry.nameOf(this.key);
  }
  get ownerId(): string {
    return this.grant.record.holder.ownerId;
  }
  get leaseMs(): number {
    return this.grant.leaseMs;
  }
  get renewEveryMs(): number {
    return this.grant.renewEveryMs;
  }
  get isOver(): boolean {
    return this.state === 'lost' || this.state === 'released';
  }
  /** True when it has been held for so long that those who wait for it really wait. */
  get lasts(): boolean {
    return this.#registry.clock.monotonic() - this.grantedAt >= lastsAfterMs;
  }

  /** Starts what keeps the lease. Throws what a custom watchdog throws; then nothing was started. */
  start(): void {
    const { watchdog } = this.#registry.options;
    if (typeof watchdog === 'function') {
      this.#starting = true;
      try {
        this.#watchdog = makeWatchdog(watchdog, this);
        this.#starting = false;
      } catch (error) {
        this.state = 'released';
        this.#renewals.abandon(Infinity, this.#registry.clock.monotonic());
        throw error;
      }
    }
    this.#schedule();
  }

  /** True while it is held at this very moment. Finds out, and tells, when the lease is over. */
  alive(): boolean {
    if (this.state !== 'held' && this.state !== 'suspect') return false;
    const now = this.#registry.clock.monotonic();
    if (now < this.#lease.deadline) return true;
    if (!this.#starting) this.lose(this.#whyOver(now));
    return false;
  }

  remainingMs(): number {
    return this.alive() ? this.#lease.deadline - this.#registry.clock.monotonic() : 0;
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
    this.#deepest = Math.max(this.#deepest, this.depth);
    if (isTold(this.#reentries)) this.#tellAfterCaller('lock.reentered');
    if (root !== undefined) this.#guests = [...this.#guests, root];
  }

  #tellAfterCaller(name: 'lock.reentered' | 'lock.depth_released'): void {
    const { root } = this.grant;
    if (root === undefined) return;
    root.hold();
    root.action(name, { depth: this.depth });
    // The caller gets a promise that is settled already, so its first step is one turn further away.
    void soon.then(nothing).then(() => root.flush());
  }

  /** Who stands in the way of those who wait for it. */
  asBlocker(): Blocker {
    return blockerOf(this.record, this.#registry.clock.monotonic() - this.grantedAt);
  }

  /** Gives it back, or one of several acquires of it. False when it had been lost before. */
  release(): Promise<boolean> {
    if (!this.alive()) return this.#released ?? Promise.resolve(false);
    if (this.depth > 1) {
      this.depth -= 1;
      if (isTold(this.#reentries)) this.#tellAfterCaller('lock.depth_released');
      return Promise.resolve(true);
    }
    if (this.grant.spareTokens > 0 && this.#passesOn()) return (this.#released = Promise.resolve(true));
    this.state = 'releasing';
    this.#stop();
    this.#registry.releases(this);
    this.#release = new Release(this.#registry, this, this.#lease.deadline);
    return (this.#released = this.#release.start());
  }

  /** To the next of this process, if there is one and nobody elsewhere has been waiting. */
  #passesOn(): boolean {
    const now = this.#registry.clock.monotonic();
    const { passedSince, leaseMs } = this.grant;
    const left = this.#lease.deadline - now;
    const fit = this.state === 'held' && this.#renewsItself && this.#renewals.first === undefined;
    if (!fit || now - passedSince > keptToItselfMs || left < Math.min(leftToPassOnMs, leaseMs / 3)) return false;
    const next = this.#registry.nextHere(this);
    if (next === undefined) return false;
    this.state = 'releasing';
    this.#stop();
    next.takeOver(this, now);
    this.#end('released', now);
    // After the next holder's first step, as in every other hand-over.
    void soon.then(() => this.#tellPassedOn(now));
    return true;
  }

  #tellPassedOn(at: number): void {
    const details = { holdMs: at - this.grantedAt, fencingToken: this.record.fencingToken };
    this.grant.root?.child('lock.release', { at })?.end('released', { at, details });
    this.#endTrees('released', at);
  }

  /** What the next one of this process begins with. */
  passOn(holder: Holder, now: number): PassedOn {
    const { spareTokens, passedSince } = this.grant;
    const given = this.grant.record;
    const acquiredAt = given.acquiredAt + (now - this.grantedAt);
    const previous = { holder: given.holder, fencingToken: given.fencingToken, releasedAt: acquiredAt };
    const { confirmedAt: beganAt, deadline } = this.#lease;
    const record = { ...given, holder, fencingToken: given.fencingToken + 1, acquiredAt };
    const firstLeaseMs = deadline - beganAt;
    const lease = { record, beganAt, firstLeaseMs, spareTokens: spareTokens - 1, passedSince, unrecorded: true };
    return { previous, lease };
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
      else this.lose(this.#whyOver(now));
      return;
    }
    if (this.#release === undefined) {
      if (now >= this.#agesAt) this.#age(now);
      if (now >= this.#renewAt - this.earlyMs) {
        this.#renewAt = now + Math.max(1, Math.min(this.renewEveryMs, (this.#lease.deadline - now) / 2));
        if (!this.#renewals.isFull) void this.renew();
      }
    }
    this.#schedule();
  }

  /** Only what lasts is worth a subscription, and only for what lasts are those who wait put on record. */
  #age(now: number): void {
    const { notifies, queues } = this.#registry.storage.capabilities;
    const old = this.grantedAt + lastsAfterMs;
    if (notifies) this.#watch();
    if (queues && now >= old) this.#registry.putOnRecord(this.#registry.place(this.key));
    this.#agesAt = queues && now < old ? old : Infinity;
  }

  #watch(): void {
    if (this.#unwatch !== undefined) return;
    const { storage } = this.#registry;
    const hears = (news: LeaseNews): void => {
      if (news.type === 'forced') this.lose('forced');
    };
    try {
      this.#unwatch = storage.watch?.(this.key, this.record.leaseId, hears);
    } catch {
      // Then it finds out at its next renewal.
    }
  }

  renew(): Promise<'renewed' | 'failed' | 'lost'> {
    if (!this.alive()) return Promise.resolve('lost');
    countGarbageCollection();
    const { clock, renewals } = this.#registry;
    const { key, leaseId } = this.record;
    const sentAt = clock.monotonic();
    const renewal = this.#renewals.open(sentAt);
    const update = this.#unrecorded;
    const reply = renewals.renew({ key, leaseId, leaseMs: this.leaseMs, ...(update !== undefined && { update }) });
    const { root } = this.grant;
    // What a custom watchdog asks while it is made comes before the end of the acquire, so it is not told.
    if (root !== undefined && !this.#starting) {
      root.hold();
      renewal.event = root.child('lease.renew', { at: sentAt, watchdogId: `watchdog:${leaseId}` });
      renewal.call = renewal.event?.child('storage.renew', { at: sentAt });
      root.flush();
    }
    return reply.then(
      (result) => this.#answered(renewal, result),
      (error: unknown) => this.#unanswered(renewal, error),
    );
  }

  #answered(renewal: OpenRenewal, result: RenewResult): 'renewed' | 'lost' {
    // While it is released an answer means nothing: refused after the release, it was refused for a good reason.
    if (this.state !== 'held' && this.state !== 'suspect') return 'lost';
    const expected = this.#renewals.close(renewal);
    const lease = this.#lease;
    const now = this.#registry.clock.monotonic();
    lease.tookMs(now - renewal.sentAt);
    renewal.call?.end('ok', { details: { refused: !result.renewed, ...votesOf(result) } });
    if (!result.renewed) {
      // However late it comes: a lease that the storage once refused to renew never comes back.
      const { record, forced, storageNow } = result;
      this.#endRenewal(renewal, 'lost', now);
      const taken = forced === true || record === undefined ? 'forced' : 'stolen';
      this.lose(
        now < lease.deadline ? taken : this.#whyOver(now, true),
        record && blockerOf(record, storageNow - record.acquiredAt),
      );
      return 'lost';
    }
    if (!expected) return 'renewed';
    if (lease.failures > 0 && isTold(lease.suspicions))
      this.grant.root?.action('lease.recovered', { failures: lease.failures });
    lease.failures = 0;
    this.#endRenewal(renewal, 'renewed', now, {
      lock: { ...snapshotOf(this.record, this.depth), expiresAt: result.expiresAt },
    });
    if (this.state === 'suspect') this.state = 'held';
    lease.confirmed(renewal.sentAt);
    this.#unrecorded = undefined;
    // An older question says nothing new any more; one that never gets its answer must not stand in the way of others.
    this.#renewals.abandon(renewal.sentAt, now);
    if (this.#renewsItself) this.#renewAt = renewal.sentAt + this.renewEveryMs;
    this.#schedule();
    return 'renewed';
  }

  #unanswered(renewal: OpenRenewal, error: unknown): 'failed' | 'lost' {
    if (this.state !== 'held' && this.state !== 'suspect') return 'lost';
    if (!this.#renewals.close(renewal)) return this.alive() ? 'failed' : 'lost';
    const lease = this.#lease;
    const now = this.#registry.clock.monotonic();
    lease.tookMs(now - renewal.sentAt);
    lease.failures += 1;
    renewal.call?.end('error', { error });
    this.#endRenewal(renewal, 'failed', now, { error });
    if (!this.alive()) return 'lost';
    this.state = 'suspect';
    lease.suspicions += 1;
    const remainingMs = lease.deadline - now;
    if (isTold(lease.suspicions))
      this.grant.root?.action('lease.suspect', { failures: lease.failures, remainingMs }, { error });
    if (this.#renewsItself) this.#renewAt = now + Math.max(1, Math.min(this.renewEveryMs, remainingMs / 4));
    this.#schedule();
    return 'failed';
  }

  #endRenewal(renewal: OpenRenewal, outcome: EventOutcomes['lease.renew'], now: number, more?: object): void {
    const { failures } = this.#lease;
    endRenewal(renewal, outcome, { now, utilization: this.#lease.utilization(now), failures }, more);
  }

  #whyOver(now: number, answeredTooLate = false): LostReason {
    if (this.position !== -1) this.#lease.ran(now - this.dueAt);
    const unanswered = answeredTooLate || this.#renewals.first !== undefined;
    return this.#lease.whyOver({ renewed: this.#registry.options.watchdog !== false, unanswered });
  }

  /**
   * It is lost, whoever found out. The holder is told first, the listeners after it. While it is being released, only
   * the release finds out what became of it.
   */
  lose(reason: LostReason, successor?: Blocker): void {
    if (this.state === 'held' || this.state === 'suspect') this.lost(reason, successor);
  }

  /** As {@link lose}, for the release. */
  lost(reason: LostReason, successor?: Blocker): void {
    const { clock } = this.#registry;
    const now = clock.monotonic();
    this.state = 'lost';
    const evidence = this.#lease.evidence(now, this.#renewals.first, successor);
    const { fencingToken } = this.record;
    this.loss = new LockLostError(this.key, { reason, fencingToken, evidence, lostAt: clock.now() });
    this.#stop();
    this.#controller?.abort(this.loss);
    // Found out in the caller's first step, it is told after the acquire all the same, and as it happens.
    this.grant.root?.flush();
    this.grant.root
      ?.child('lease.lost', { at: now })
      ?.end('lost', { at: now, details: { reason, fencingToken, evidence }, error: this.loss });
    this.finish('lost', now, this.loss);
  }

  /** The end of its trees, and of its place among the locks of this process. */
  finish(outcome: 'released' | 'lost' | 'release_failed', at: number, error?: unknown): void {
    this.#end(outcome, at);
    this.#endTrees(outcome, at, error);
    this.#registry.ended(this);
  }

  #end(outcome: 'released' | 'lost' | 'release_failed', at: number): void {
    if (outcome !== 'lost') this.state = 'released';
    this.#registry.due.delete(this);
    this.#renewals.abandon(Infinity, at);
  }

  #endTrees(outcome: EventOutcomes['lock'], at: number, error?: unknown): void {
    const { root } = this.grant;
    if (root === undefined) return;
    for (const guest of this.#guests) this.#endTree(guest, outcome, error, at);
    this.#endTree(root, outcome, error, at);
  }

  #endTree(root: OpenEvent<'lock'>, outcome: EventOutcomes['lock'], error: unknown, at: number): void {
    const { contended, waitMs, leaseMs, record } = this.grant;
    const lostReason = this.loss?.reason;
    root.end(outcome, {
      at,
      error,
      lock: snapshotOf(record, this.depth),
      details: {
        contended,
        waitMs,
        holdMs: at - this.grantedAt,
        fencingToken: record.fencingToken,
        leaseMs,
        renewals: this.#lease.renewals,
        depth: this.#deepest,
        ...(lostReason !== undefined && { lostReason }),
        ...(root !== this.grant.root && { reentered: true as const }),
      },
    });
  }

  /** Whether the built-in schedule renews the lease. */
  get #renewsItself(): boolean {
    return this.#registry.options.watchdog === undefined;
  }

  #schedule(): void {
    if (this.isOver) return;
    const { deadline } = this.#lease;
    this.earlyMs = 0;
    if (this.#release !== undefined) return this.#registry.due.set(this, deadline);
    const next = Math.min(this.#agesAt, deadline);
    // A regular renewal may go out a bit early, so that those of many leases go out together.
    const regular = this.#renewals.first === undefined && this.#lease.failures === 0;
    if (regular && this.#renewAt <= next && this.#registry.renewals.takesMany) this.earlyMs = this.renewEveryMs / 10;
    this.#registry.due.set(this, Math.min(this.#renewAt, next));
  }

  /** No watchdog and no news any more. */
  #stop(): void {
    stopWatchdog(this.#watchdog, this.key);
    this.#watchdog = undefined;
    const unwatch = this.#unwatch;
    this.#unwatch = undefined;
    try {
      unwatch?.();
    } catch {
      // News that still come find nobody.
    }
  }
}

const soon = Promise.resolve();
function nothing(): void {}
const noGuests: readonly OpenEvent<'lock'>[] = Object.freeze([]);

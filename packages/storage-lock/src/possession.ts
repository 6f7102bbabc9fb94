import type { Blocker, EventEnd, EventOutcomes, LossEvidence, LostReason, OpenEvent } from '@lockscope/core';
import type { LockRecord, RenewResult } from '@lockscope/storage';
import { blockerOf, snapshotOf } from './blocker.ts';
import { Due } from './due-queue.ts';
import { describe, LockLostError, LocksClosedError } from './errors.ts';
import { isTold } from './is-told.ts';
import type { LockRegistry } from './lock-registry.ts';
import type { LeaseTimes } from './locks-options.ts';
import { countGarbageCollection, garbageCollectionMs } from './loss-evidence.ts';
import { Release } from './release.ts';
import { callStorage } from './storage-call.ts';
import type { WatchedLease, Watchdog, WatchdogFactory } from './watchdog.ts';

/** @internal What is known of a possession when it begins. */
export interface Grant extends LeaseTimes {
  readonly record: LockRecord;
  /** When the request that got it was sent, on the monotonic clock: the lease is over no later than counted from here. */
  readonly sentAt: number;
  readonly contended: boolean;
  readonly waitMs: number;
  readonly root: OpenEvent<'lock'> | undefined;
}

interface Renewal {
  readonly sentAt: number;
  event: OpenEvent<'lease.renew'> | undefined;
  call: OpenEvent<'storage.renew'> | undefined;
}

/** More open questions than this would only add to what a slow storage has to do. */
const maxOpenRenewals = 3;

/**
 * @internal One possession of a lock, from the grant to its end: what renews its lease, when that is over, how it ends.
 * Its deadline is the holder's own: counted from when the request was sent, on the monotonic clock of this process.
 * Whatever the storage thinks, then the holder has to stop.
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
  #deadline: number;
  /** When the last request was sent that the storage confirmed. */
  #confirmedAt: number;
  #controller: AbortController | undefined = undefined;
  #watchdog: Watchdog | undefined = undefined;
  /** While a custom watchdog is made: a lease that ends then was never anybody's. */
  #starting = false;
  #release: Release | undefined = undefined;
  #released: Promise<boolean> | undefined = undefined;
  #openRenewals: Renewal[] = [];
  #reentries = 0;
  #suspicions = 0;
  #renewals = 0;
  #failures = 0;
  #deepest = 1;
  #worstLateMs = 0;
  #roundTripMs: number | undefined = undefined;
  #gcAtConfirm: number | undefined = garbageCollectionMs();
  /** Roots of other acquires of the same owner that became re-entries of this possession. */
  #guests: readonly OpenEvent<'lock'>[] = noGuests;

  constructor(registry: LockRegistry, grant: Grant, now: number) {
    super();
    this.#registry = registry;
    this.grant = grant;
    this.grantedAt = now;
    this.#confirmedAt = grant.sentAt;
    this.#deadline = grant.sentAt + grant.leaseMs;
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

  /** Starts what keeps the lease. Throws what a custom watchdog throws; then nothing was started. */
  start(): void {
    const { watchdog } = this.#registry.options;
    if (typeof watchdog === 'function') this.#watchdog = this.#make(watchdog);
    this.#schedule(this.#renewsItself ? this.grant.sentAt + this.renewEveryMs : this.#deadline);
  }

  #make(factory: WatchdogFactory): Watchdog {
    this.#starting = true;
    try {
      const watchdog: Partial<Watchdog> | undefined = factory(this);
      if (typeof watchdog?.stop !== 'function') throw new TypeError('a watchdog needs a stop() method');
      if (!this.alive()) throw new Error('the lease was over before its watchdog was made');
      this.#starting = false;
      return watchdog as Watchdog;
    } catch (error) {
      this.state = 'released';
      this.#abandon();
      throw error;
    }
  }

  /** True while it is held at this very moment. Finds out, and tells, when the lease is over. */
  alive(): boolean {
    if (this.state !== 'held' && this.state !== 'suspect') return false;
    const now = this.#registry.clock.monotonic();
    if (now < this.#deadline) return true;
    if (!this.#starting) this.lose(this.#whyOver(now));
    return false;
  }

  remainingMs(): number {
    return this.alive() ? this.#deadline - this.#registry.clock.monotonic() : 0;
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
    this.state = 'releasing';
    this.#stopWatchdog();
    this.#release = new Release(this.#registry, this, this.#deadline);
    return (this.#released = this.#release.start());
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
    this.#worstLateMs = Math.max(this.#worstLateMs, lateMs);
    if (now >= this.#deadline) {
      if (this.#release !== undefined) this.#release.giveUp();
      else this.lose(this.#whyOver(now));
      return;
    }
    if (this.#release !== undefined || !this.#renewsItself) return this.#schedule(this.#deadline);
    if (this.#openRenewals.length < maxOpenRenewals) void this.renew();
    this.#schedule(now + Math.max(1, Math.min(this.renewEveryMs, (this.#deadline - now) / 2)));
  }

  renew(): Promise<'renewed' | 'failed' | 'lost'> {
    if (!this.alive()) return Promise.resolve('lost');
    countGarbageCollection();
    const { clock, storage } = this.#registry;
    const { key, leaseId } = this.record;
    const sentAt = clock.monotonic();
    const renewal: Renewal = { sentAt, event: undefined, call: undefined };
    this.#openRenewals.push(renewal);
    const reply = callStorage(() => storage.renew(key, leaseId, this.leaseMs));
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

  #answered(renewal: Renewal, result: RenewResult): 'renewed' | 'lost' {
    // While it is released an answer means nothing: refused after the release, it was refused for a good reason.
    if (this.state !== 'held' && this.state !== 'suspect') return 'lost';
    const expected = this.#close(renewal);
    const now = this.#registry.clock.monotonic();
    this.#roundTripMs = now - renewal.sentAt;
    renewal.call?.end('ok', { details: { refused: !result.renewed } });
    if (!result.renewed) {
      // However late it comes: a lease that the storage once refused to renew never comes back.
      const { record, storageNow } = result;
      const reason = record === undefined ? 'forced' : 'stolen';
      this.#endRenewal(renewal, 'lost', now);
      this.lose(
        now < this.#deadline ? reason : this.#whyOver(now, true),
        record && blockerOf(record, storageNow - record.acquiredAt),
      );
      return 'lost';
    }
    if (!expected) return 'renewed';
    this.#renewals += 1;
    if (this.#failures > 0 && isTold(this.#suspicions))
      this.grant.root?.action('lease.recovered', { failures: this.#failures });
    this.#failures = 0;
    this.#endRenewal(renewal, 'renewed', now, {
      lock: { ...snapshotOf(this.record, this.depth), expiresAt: result.expiresAt },
    });
    if (this.state === 'suspect') this.state = 'held';
    this.#confirmedAt = renewal.sentAt;
    // An older question says nothing new any more; one that never gets its answer must not stand in the way of others.
    this.#abandon(renewal.sentAt);
    this.#deadline = this.#confirmedAt + this.leaseMs;
    this.#worstLateMs = 0;
    this.#gcAtConfirm = garbageCollectionMs();
    this.#schedule(this.#renewsItself ? this.#confirmedAt + this.renewEveryMs : this.#deadline);
    return 'renewed';
  }

  #unanswered(renewal: Renewal, error: unknown): 'failed' | 'lost' {
    if (this.state !== 'held' && this.state !== 'suspect') return 'lost';
    if (!this.#close(renewal)) return this.alive() ? 'failed' : 'lost';
    const now = this.#registry.clock.monotonic();
    this.#roundTripMs = now - renewal.sentAt;
    this.#failures += 1;
    renewal.call?.end('error', { error });
    this.#endRenewal(renewal, 'failed', now, { error });
    if (!this.alive()) return 'lost';
    this.state = 'suspect';
    this.#suspicions += 1;
    const remainingMs = this.#deadline - now;
    if (isTold(this.#suspicions))
      this.grant.root?.action('lease.suspect', { failures: this.#failures, remainingMs }, { error });
    if (this.#renewsItself) this.#schedule(now + Math.max(1, Math.min(this.renewEveryMs, remainingMs / 4)));
    return 'failed';
  }

  /** False when nobody waits for this answer any more. */
  #close(renewal: Renewal): boolean {
    const index = this.#openRenewals.indexOf(renewal);
    if (index === -1) return false;
    this.#openRenewals.splice(index, 1);
    return true;
  }

  /** Nobody waits for the answers any more to what was asked up to that moment. */
  #abandon(upTo = Infinity, at: number = this.#registry.clock.monotonic()): void {
    const abandoned = this.#openRenewals.filter(({ sentAt }) => sentAt <= upTo);
    if (abandoned.length === 0) return;
    this.#openRenewals = this.#openRenewals.filter(({ sentAt }) => sentAt > upTo);
    for (const { event, call } of abandoned) {
      call?.end('abandoned', { at });
      event?.end('abandoned', { at });
    }
  }

  #endRenewal(
    renewal: Renewal,
    outcome: EventOutcomes['lease.renew'],
    now: number,
    more?: EventEnd<'lease.renew'>,
  ): void {
    if (renewal.event === undefined) return;
    const utilization = (now - this.#confirmedAt) / this.leaseMs;
    renewal.event.end(outcome, {
      details: { utilization, roundTripMs: now - renewal.sentAt, failures: this.#failures },
      ...more,
    });
  }

  /** The lease is over by this clock: why did nothing renew it? */
  #whyOver(now: number, answeredTooLate = false): LostReason {
    const lateMs = Math.max(this.#worstLateMs, this.position === -1 ? 0 : now - this.dueAt);
    this.#worstLateMs = lateMs;
    if (this.#registry.options.watchdog === false) return 'expired';
    if (lateMs > this.leaseMs - this.renewEveryMs - 1 || (lateMs > this.leaseMs / 4 && this.#failures === 0))
      return 'stalled';
    return answeredTooLate || this.#failures > 0 || this.#openRenewals.length > 0 ? 'unreachable' : 'expired';
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
    const evidence = this.#evidence(now, successor);
    const { fencingToken } = this.record;
    this.loss = new LockLostError(this.key, { reason, fencingToken, evidence, lostAt: clock.now() });
    this.#stopWatchdog();
    this.#controller?.abort(this.loss);
    // Found out in the caller's first step, it is told after the acquire all the same, and as it happens.
    this.grant.root?.flush();
    this.grant.root
      ?.child('lease.lost', { at: now })
      ?.end('lost', { at: now, details: { reason, fencingToken, evidence }, error: this.loss });
    this.finish('lost', now, this.loss);
  }

  /** The end of its tree, and of its place among the locks of this process. */
  finish(outcome: 'released' | 'lost' | 'release_failed', at: number, error?: unknown): void {
    if (outcome !== 'lost') this.state = 'released';
    this.#registry.due.delete(this);
    this.#abandon(Infinity, at);
    const { root } = this.grant;
    if (root !== undefined) {
      for (const guest of this.#guests) this.#endTree(guest, outcome, error, at);
      this.#endTree(root, outcome, error, at);
    }
    this.#registry.ended(this);
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
        renewals: this.#renewals,
        depth: this.#deepest,
        ...(lostReason !== undefined && { lostReason }),
        ...(root !== this.grant.root && { reentered: true as const }),
      },
    });
  }

  #evidence(now: number, successor: Blocker | undefined): LossEvidence {
    const [open] = this.#openRenewals;
    const gc = garbageCollectionMs();
    const roundTripMs = open === undefined ? this.#roundTripMs : now - open.sentAt;
    return {
      sinceConfirmedMs: now - this.#confirmedAt,
      eventLoopDelayMs: this.#worstLateMs,
      ...(gc !== undefined && { gcMs: gc - (this.#gcAtConfirm ?? 0) }),
      failedRenewals: this.#failures,
      ...(roundTripMs !== undefined && { storageRoundTripMs: roundTripMs }),
      renewalPending: open !== undefined,
      ...(successor !== undefined && { successor }),
    };
  }

  /** Whether the built-in schedule renews the lease. */
  get #renewsItself(): boolean {
    return this.#registry.options.watchdog === undefined;
  }

  #schedule(at: number): void {
    if (this.state === 'lost' || this.state === 'released') return;
    this.#registry.due.set(this, Math.min(at, this.#deadline));
  }

  #stopWatchdog(): void {
    const watchdog = this.#watchdog;
    this.#watchdog = undefined;
    try {
      watchdog?.stop();
    } catch (error) {
      // Neither a release nor the news of a loss may fail because of it.
      process.emitWarning(
        `Lockscope: the watchdog of ${JSON.stringify(this.key)} threw when stopped: ${describe(error)}`,
      );
    }
  }
}

const soon = Promise.resolve();
function nothing(): void {}
const noGuests: readonly OpenEvent<'lock'>[] = Object.freeze([]);

import type { ActionPayloads, EventDetails } from '@lockscope/core';
import type { LeaseUpdate, RenewResult } from '@lockscope/storage';
import { blockerOf } from './blocker.ts';
import { offsetOf } from './clock-offset.ts';
import { causeOfRisk, closeCall } from './lease-risk.ts';
import type { Lease } from './lease.ts';
import type { LockRegistry } from './lock-registry.ts';
import { countGarbageCollection } from './loss-evidence.ts';
import { OpenRenewals, type OpenRenewal } from './open-renewals.ts';
import type { Possession } from './possession.ts';

/** @internal The questions of one possession for more time, and what becomes of it with each answer. */
export class Renewing {
  readonly #open: OpenRenewals = new OpenRenewals();
  readonly #registry: LockRegistry;
  readonly #possession: Possession;
  readonly #lease: Lease;
  /** Who has it, when the storage does not know yet. */
  #unrecorded: LeaseUpdate | undefined;
  #watchesLoop = false;

  constructor(registry: LockRegistry, possession: Possession, lease: Lease) {
    this.#registry = registry;
    this.#possession = possession;
    this.#lease = lease;
    const { holder, fencingToken } = possession.record;
    this.#unrecorded = possession.grant.unrecorded ? { holder, fencingToken } : undefined;
  }

  /** The oldest question without an answer. */
  get pending(): OpenRenewal | undefined {
    return this.#open.first;
  }

  ask(told: boolean): Promise<'renewed' | 'failed' | 'lost'> {
    countGarbageCollection();
    const { clock, renewals } = this.#registry;
    const { record, leaseMs, trace } = this.#possession;
    const { key, leaseId } = record;
    const sentAt = clock.monotonic();
    const renewal = this.#open.add(sentAt);
    this.#lease.askedAt ??= sentAt;
    const update = this.#unrecorded;
    const reply = renewals.renew({ key, leaseId, leaseMs, ...(update !== undefined && { update }) });
    if (trace !== undefined) this.watchLoop(sentAt);
    if (told) trace?.asksForMore(renewal, leaseId);
    return reply.then(
      (result) => this.#answered(renewal, result),
      (error: unknown) => this.#unanswered(renewal, error),
    );
  }

  /** The next one by its schedule, unless too many wait for their answer already. */
  askAgain(now: number): void {
    const unanswered = this.pending !== undefined;
    if (!this.#open.isFull) void this.#possession.renew();
    if (unanswered && this.#possession.isHeld) this.#nearsItsEnd(now);
  }

  /** From now on it is known how long the event loop was blocked; see {@link Renewing.end}. */
  watchLoop(now: number): void {
    if (this.#watchesLoop) return;
    this.#watchesLoop = true;
    this.#registry.loop.join(now);
  }

  /** Nobody waits for answers any more. */
  end(at: number): void {
    this.#open.abandon(Infinity, at);
    this.#leaveLoop();
  }

  #leaveLoop(): void {
    if (!this.#watchesLoop) return;
    this.#watchesLoop = false;
    this.#registry.loop.leave();
  }

  #answered(renewal: OpenRenewal, result: RenewResult): 'renewed' | 'lost' {
    const possession = this.#possession;
    // While it is released an answer means nothing: refused after the release, it was refused for a good reason.
    if (!possession.isHeld) return 'lost';
    const expected = this.#open.close(renewal);
    const { clock } = this.#registry;
    const now = clock.monotonic();
    const roundTripMs = now - renewal.sentAt;
    this.#lease.tookMs(roundTripMs);
    if (possession.trace !== undefined) {
      this.#lease.clockOffsetMs = offsetOf(result.storageNow, clock.now(), roundTripMs);
      possession.trace.answers(renewal, result);
    }
    if (!result.renewed) return this.#refused(renewal, result, now);
    if (expected) this.#renewed(renewal, result.expiresAt, now);
    return 'renewed';
  }

  /** However late it comes: a lease that the storage once refused to renew never comes back. */
  #refused(
    renewal: OpenRenewal,
    { record, forced, storageNow }: RenewResult & { readonly renewed: false },
    now: number,
  ): 'lost' {
    const possession = this.#possession;
    possession.trace?.refused(renewal, this.#details(renewal, now));
    const taken = forced === true || record === undefined ? 'forced' : 'stolen';
    possession.lose(
      now < this.#lease.deadline ? taken : possession.whyOver(now, renewal.sentAt),
      record && blockerOf(record, storageNow - record.acquiredAt),
    );
    return 'lost';
  }

  #renewed(renewal: OpenRenewal, expiresAt: number, now: number): void {
    const possession = this.#possession;
    const lease = this.#lease;
    const { trace } = possession;
    const { sentAt } = renewal;
    const justInTime = trace !== undefined && lease.utilization(now) >= closeCall;
    const risk = justInTime && !trace.atRisk ? this.#risk(now, sentAt) : undefined;
    trace?.renewed(renewal, this.#details(renewal, now), expiresAt);
    lease.confirmed(sentAt);
    this.#unrecorded = undefined;
    // An older question says nothing new any more; one that never gets its answer must not stand in the way of others.
    this.#open.abandon(sentAt, now);
    if (this.pending === undefined && this.#registry.options.watchdog === undefined) this.#leaveLoop();
    possession.becomes('held');
    if (risk !== undefined) trace?.risks(risk);
    else if (!justInTime) trace?.safe();
  }

  #unanswered(renewal: OpenRenewal, error: unknown): 'failed' | 'lost' {
    const possession = this.#possession;
    if (!possession.isHeld) return 'lost';
    if (!this.#open.close(renewal)) return possession.alive() ? 'failed' : 'lost';
    const lease = this.#lease;
    const now = this.#registry.clock.monotonic();
    lease.tookMs(now - renewal.sentAt);
    lease.failed(renewal.sentAt, now);
    possession.trace?.failed(renewal, this.#details(renewal, now), error);
    if (!possession.alive()) return 'lost';
    possession.becomes('suspect');
    possession.trace?.suspects(lease.failures, lease.deadline - now, error);
    this.#nearsItsEnd(now);
    return 'failed';
  }

  #details({ sentAt }: OpenRenewal, now: number): EventDetails['lease.renew'] {
    const { failures } = this.#lease;
    return { utilization: this.#lease.utilization(now), roundTripMs: now - sentAt, failures };
  }

  /** Renewals fail or get no answer. */
  #nearsItsEnd(now: number): void {
    const { trace } = this.#possession;
    const { deadline, lengthMs } = this.#lease;
    if (trace === undefined || trace.atRisk || deadline - now >= lengthMs / 3) return;
    trace.risks(this.#risk(now, this.pending?.sentAt));
  }

  /** `askedAt`: when the question was sent that the storage has just answered, or still owes an answer to. */
  #risk(now: number, askedAt: number = now): ActionPayloads['lease.at_risk'] {
    const lease = this.#lease;
    const { confirmedAt, lengthMs, failingSince = askedAt } = lease;
    const evidence = this.#possession.evidence(now);
    const { loop } = this.#registry;
    const since = Math.min(askedAt, this.pending?.sentAt ?? askedAt);
    const cause = causeOfRisk({
      blockedMs: lease.blockedMs,
      failingMs: Math.max(0, askedAt - failingSince - loop.worstSince(failingSince, now)),
      storeMs: Math.max(0, now - since - loop.worstSince(since, now)),
      askedLateMs: (lease.askedAt ?? now) - confirmedAt - lengthMs / 3 - lease.blockedMs,
    });
    const remainingMs = Math.max(0, lease.deadline - now);
    return { cause, remainingMs, utilization: lease.utilization(now), evidence };
  }
}

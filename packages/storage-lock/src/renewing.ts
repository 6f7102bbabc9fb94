import type { EventDetails } from '@lockscope/core';
import type { LeaseUpdate, RenewResult } from '@lockscope/storage';
import { blockerOf } from './blocker.ts';
import type { Lease } from './lease.ts';
import type { LockRegistry } from './lock-registry.ts';
import { countGarbageCollection } from './loss-evidence.ts';
import { OpenRenewals, type OpenRenewal } from './open-renewals.ts';
import type { Possession } from './possession.ts';

/** @internal The questions of one possession for more time, and what becomes of it with each answer. */
export class Renewing {
  readonly open: OpenRenewals = new OpenRenewals();
  readonly #registry: LockRegistry;
  readonly #possession: Possession;
  readonly #lease: Lease;
  /** Who has it, when the storage does not know yet. */
  #unrecorded: LeaseUpdate | undefined;

  constructor(registry: LockRegistry, possession: Possession, lease: Lease) {
    this.#registry = registry;
    this.#possession = possession;
    this.#lease = lease;
    const { holder, fencingToken } = possession.record;
    this.#unrecorded = possession.grant.unrecorded ? { holder, fencingToken } : undefined;
    countGarbageCollection();
  }

  ask(told: boolean): Promise<'renewed' | 'failed' | 'lost'> {
    const { clock, renewals } = this.#registry;
    const { record, leaseMs, trace } = this.#possession;
    const { key, leaseId } = record;
    const renewal = this.open.add(clock.monotonic());
    const update = this.#unrecorded;
    const reply = renewals.renew({ key, leaseId, leaseMs, ...(update !== undefined && { update }) });
    if (told) trace?.asksForMore(renewal, leaseId);
    return reply.then(
      (result) => this.#answered(renewal, result),
      (error: unknown) => this.#unanswered(renewal, error),
    );
  }

  #answered(renewal: OpenRenewal, result: RenewResult): 'renewed' | 'lost' {
    const possession = this.#possession;
    // While it is released an answer means nothing: refused after the release, it was refused for a good reason.
    if (!possession.isHeld) return 'lost';
    const expected = this.open.close(renewal);
    const now = this.#registry.clock.monotonic();
    this.#lease.tookMs(now - renewal.sentAt);
    possession.trace?.answers(renewal, result);
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
      now < this.#lease.deadline ? taken : possession.whyOver(now, true),
      record && blockerOf(record, storageNow - record.acquiredAt),
    );
    return 'lost';
  }

  #renewed(renewal: OpenRenewal, expiresAt: number, now: number): void {
    const possession = this.#possession;
    const { sentAt } = renewal;
    possession.trace?.renewed(renewal, this.#details(renewal, now), expiresAt, possession.depth);
    this.#lease.confirmed(sentAt);
    this.#unrecorded = undefined;
    // An older question says nothing new any more; one that never gets its answer must not stand in the way of others.
    this.open.abandon(sentAt, now);
    possession.becomes('held');
  }

  #unanswered(renewal: OpenRenewal, error: unknown): 'failed' | 'lost' {
    const possession = this.#possession;
    if (!possession.isHeld) return 'lost';
    if (!this.open.close(renewal)) return possession.alive() ? 'failed' : 'lost';
    const lease = this.#lease;
    const now = this.#registry.clock.monotonic();
    lease.tookMs(now - renewal.sentAt);
    lease.failed(now);
    possession.trace?.failed(renewal, this.#details(renewal, now), error);
    if (!possession.alive()) return 'lost';
    possession.becomes('suspect');
    possession.trace?.suspects(lease.failures, lease.deadline - now, error);
    return 'failed';
  }

  #details({ sentAt }: OpenRenewal, now: number): EventDetails['lease.renew'] {
    const { failures } = this.#lease;
    return { utilization: this.#lease.utilization(now), roundTripMs: now - sentAt, failures };
  }
}

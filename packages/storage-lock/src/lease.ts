import type { Blocker, LossEvidence, LostReason } from '@lockscope/core';
import { garbageCollectionMs } from './loss-evidence.ts';
import type { OpenRenewal } from './open-renewals.ts';

/** @internal What a lease is judged by when it is over. */
export interface LeaseTerms {
  readonly leaseMs: number;
  readonly renewEveryMs: number;
  /** The earliest that the lease can have begun, on the monotonic clock. */
  readonly beganAt: number;
  /** How long the first lease is: shorter than `leaseMs` when the lock was handed over. */
  readonly firstLeaseMs: number;
}

/**
 * @internal The clockwork of one lease: until when the holder may go on, and what is known of why it was not renewed.
 * The deadline is the holder's own: counted from when the request was sent, on the monotonic clock of this process.
 */
export class Lease {
  deadline: number;
  /** When the last request was sent that the storage confirmed. */
  confirmedAt: number;
  renewals = 0;
  /** When it is to be renewed next; Infinity when its own schedule does not do it. */
  renewAt: number = Infinity;
  /** Renewals that failed in a row. */
  failures = 0;
  readonly #terms: LeaseTerms;
  #worstLateMs = 0;
  #roundTripMs: number | undefined = undefined;
  #gcAtConfirm: number | undefined = garbageCollectionMs();

  constructor(terms: LeaseTerms) {
    this.#terms = terms;
    this.confirmedAt = terms.beganAt;
    this.deadline = terms.beganAt + terms.firstLeaseMs;
  }

  /** From now on it has a schedule. The first renewal comes earlier than usual for a lease that begins short. */
  renewsItself(latest: number): void {
    const { beganAt, renewEveryMs, firstLeaseMs, leaseMs } = this.#terms;
    const first = beganAt + (firstLeaseMs < leaseMs ? Math.min(renewEveryMs, firstLeaseMs / 3) : renewEveryMs);
    this.renewAt = Math.min(first, latest);
  }

  /** A renewal goes out: if it gets no answer, the next one goes out then. */
  asks(now: number): void {
    this.#renewsIn(now, (this.deadline - now) / 2);
  }

  ran(lateMs: number): void {
    if (lateMs > this.#worstLateMs) this.#worstLateMs = lateMs;
  }

  tookMs(roundTripMs: number): void {
    this.#roundTripMs = roundTripMs;
  }

  failed(now: number): void {
    this.failures += 1;
    this.#renewsIn(now, (this.deadline - now) / 4);
  }

  confirmed(sentAt: number): void {
    const { leaseMs, renewEveryMs } = this.#terms;
    this.renewals += 1;
    this.failures = 0;
    this.confirmedAt = sentAt;
    this.deadline = sentAt + leaseMs;
    if (this.renewAt < Infinity) this.renewAt = sentAt + renewEveryMs;
    this.#worstLateMs = 0;
    this.#gcAtConfirm = garbageCollectionMs();
  }

  /** The part of the lease that has passed. */
  utilization(now: number): number {
    return (now - this.confirmedAt) / this.#terms.leaseMs;
  }

  /** It is over by this clock: why did nothing renew it? */
  whyOver({ renewed, unanswered }: { readonly renewed: boolean; readonly unanswered: boolean }): LostReason {
    const { leaseMs, renewEveryMs } = this.#terms;
    if (!renewed) return 'expired';
    const lateMs = this.#worstLateMs;
    if (lateMs > leaseMs - renewEveryMs - 1 || (lateMs > leaseMs / 4 && this.failures === 0)) return 'stalled';
    return unanswered || this.failures > 0 ? 'unreachable' : 'expired';
  }

  evidence(now: number, open: OpenRenewal | undefined, successor: Blocker | undefined): LossEvidence {
    const gc = garbageCollectionMs();
    const roundTripMs = open === undefined ? this.#roundTripMs : now - open.sentAt;
    return {
      sinceConfirmedMs: now - this.confirmedAt,
      eventLoopDelayMs: this.#worstLateMs,
      ...(gc !== undefined && { gcMs: gc - (this.#gcAtConfirm ?? 0) }),
      failedRenewals: this.failures,
      ...(roundTripMs !== undefined && { storageRoundTripMs: roundTripMs }),
      renewalPending: open !== undefined,
      ...(successor !== undefined && { successor }),
    };
  }

  #renewsIn(now: number, ms: number): void {
    if (this.renewAt < Infinity) this.renewAt = now + Math.max(1, Math.min(this.#terms.renewEveryMs, ms));
  }
}

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
  /** When the first question was sent that failed, of those in a row. */
  failingSince: number | undefined = undefined;
  /** When it was first asked to be prolonged since it was confirmed. */
  askedAt: number | undefined = undefined;
  /** How far the storage's clock is ahead, where somebody wants to know. */
  clockOffsetMs: number | undefined = undefined;
  readonly #terms: LeaseTerms;
  #worstLateMs = 0;
  #roundTripMs: number | undefined = undefined;
  #worstRoundTripMs = 0;
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
    if (roundTripMs > this.#worstRoundTripMs) this.#worstRoundTripMs = roundTripMs;
  }

  failed(sentAt: number, now: number): void {
    this.failures += 1;
    this.failingSince ??= sentAt;
    this.#renewsIn(now, (this.deadline - now) / 4);
  }

  confirmed(sentAt: number): void {
    const { leaseMs, renewEveryMs } = this.#terms;
    this.renewals += 1;
    this.failures = 0;
    this.failingSince = undefined;
    this.askedAt = undefined;
    this.confirmedAt = sentAt;
    this.deadline = sentAt + leaseMs;
    if (this.renewAt < Infinity) this.renewAt = sentAt + renewEveryMs;
    this.#worstLateMs = 0;
    this.#gcAtConfirm = garbageCollectionMs();
  }

  /** How long it is at the moment. */
  get lengthMs(): number {
    return this.deadline - this.confirmedAt;
  }

  /** The longest that a timer ran late, or that the event loop was blocked, since it was confirmed. */
  get blockedMs(): number {
    return this.#worstLateMs;
  }

  /** The part of the lease that has passed. */
  utilization(now: number): number {
    return (now - this.confirmedAt) / this.lengthMs;
  }

  /**
   * It is over by this clock: why did nothing renew it? `pendingSince`: when the oldest renewal was sent that has no
   * answer, or got it when it was over.
   */
  whyOver(now: number, pendingSince: number | undefined, renewed: boolean): LostReason {
    const { leaseMs, renewEveryMs } = this.#terms;
    if (!renewed) return 'expired';
    const lateMs = this.#worstLateMs;
    const waitedMs = pendingSince === undefined ? 0 : now - pendingSince - lateMs;
    if (lateMs > leaseMs - renewEveryMs - 1) return 'stalled';
    if (lateMs > leaseMs / 4 && lateMs >= waitedMs && this.failures === 0) return 'stalled';
    return pendingSince !== undefined || this.failures > 0 ? 'unreachable' : 'expired';
  }

  evidence(now: number, open: OpenRenewal | undefined, successor: Blocker | undefined): LossEvidence {
    const gc = garbageCollectionMs();
    const openMs = open === undefined ? 0 : now - open.sentAt;
    const roundTripMs = open === undefined ? this.#roundTripMs : Math.max(openMs, this.#roundTripMs ?? 0);
    const { clockOffsetMs } = this;
    return {
      sinceConfirmedMs: now - this.confirmedAt,
      eventLoopDelayMs: this.#worstLateMs,
      ...(gc !== undefined && { gcMs: gc - (this.#gcAtConfirm ?? 0) }),
      failedRenewals: this.failures,
      ...(roundTripMs !== undefined && {
        storageRoundTripMs: roundTripMs,
        worstRoundTripMs: Math.max(openMs, this.#worstRoundTripMs),
      }),
      renewalPending: open !== undefined,
      ...(Number.isFinite(clockOffsetMs) && { clockOffsetMs: clockOffsetMs as number }),
      ...(successor !== undefined && { successor }),
    };
  }

  #renewsIn(now: number, ms: number): void {
    if (this.renewAt < Infinity) this.renewAt = now + Math.max(1, Math.min(this.#terms.renewEveryMs, ms));
  }
}

import type { ActionPayloads, EventDetails, OpenEvent, ReleaseReason } from '@lockscope/core';
import type { RenewResult } from '@lockscope/storage';
import { snapshotOf } from './blocker.ts';
import type { LockLostError } from './errors.ts';
import { isTold } from './is-told.ts';
import type { OpenRenewal } from './open-renewals.ts';
import type { Possession } from './possession.ts';
import { answerOf } from './votes.ts';

/** @internal What listeners are told of one possession. There is none when nobody listens. */
export class PossessionTrace {
  readonly #possession: Possession;
  readonly root: OpenEvent<'lock'>;
  /** Roots of other acquires of the same owner that became re-entries of this possession. */
  #guests: readonly OpenEvent<'lock'>[] = noGuests;
  #suspicions = 0;
  /** Since the lease came close to its end, until a renewal comes in good time. */
  atRisk = false;
  #risks = 0;

  constructor(possession: Possession, root: OpenEvent<'lock'>) {
    this.#possession = possession;
    this.root = root;
  }

  /** `root` is the tree of an acquire that got what its owner had already. */
  joinedBy(root: OpenEvent<'lock'>): void {
    this.#guests = [...this.#guests, root];
  }

  changesDepth(name: 'lock.reentered' | 'lock.depth_released', depth: number): void {
    const root = this.root;
    root.hold();
    root.action(name, { depth });
    // The caller gets a promise that is settled already, so its first step is one turn further away.
    void soon.then(nothing).then(() => root.flush());
  }

  asksForMore(renewal: OpenRenewal, leaseId: string): void {
    const { sentAt: at } = renewal;
    this.root.hold();
    renewal.event = this.root.child('lease.renew', { at, watchdogId: `watchdog:${leaseId}` });
    renewal.call = renewal.event?.child('storage.renew', { at });
    this.root.flush();
  }

  /** The storage said whether the lease goes on. */
  answers({ call }: OpenRenewal, result: RenewResult): void {
    call?.end('ok', { details: answerOf(result, !result.renewed) });
  }

  refused({ event }: OpenRenewal, details: EventDetails['lease.renew']): void {
    event?.end('lost', { details });
  }

  renewed(renewal: OpenRenewal, details: EventDetails['lease.renew'], expiresAt: number): void {
    const { failures } = details;
    const { record, depth } = this.#possession;
    if (failures > 0 && isTold(this.#suspicions)) this.root.action('lease.recovered', { failures });
    const lock = { ...snapshotOf(record, depth), expiresAt };
    renewal.event?.end('renewed', { details: { ...details, failures: 0 }, lock });
  }

  failed(renewal: OpenRenewal, details: EventDetails['lease.renew'], error: unknown): void {
    renewal.call?.end('error', { error });
    renewal.event?.end('failed', { details, error });
  }

  /** A renewal failed, and the lease is not over. */
  suspects(failures: number, remainingMs: number, error: unknown): void {
    this.#suspicions += 1;
    if (isTold(this.#suspicions)) this.root.action('lease.suspect', { failures, remainingMs }, { error });
  }

  /** The lease is close to its end: told once, until it has been {@link PossessionTrace.safe} again. */
  risks(payload: ActionPayloads['lease.at_risk']): void {
    this.atRisk = true;
    this.#risks += 1;
    if (isTold(this.#risks)) this.root.action('lease.at_risk', payload);
  }

  safe(): void {
    this.atRisk = false;
  }

  lost(error: LockLostError, at: number): void {
    const { reason, fencingToken, evidence } = error;
    // Found out in the caller's first step, it is told after the acquire all the same, and as it happens.
    this.root.flush();
    this.root.child('lease.lost', { at })?.end('lost', { at, details: { reason, fencingToken, evidence }, error });
  }

  /** It went to the next of this process: told after the next holder's first step, as in every other hand-over. */
  passedOn(at: number): void {
    void soon.then(() => this.#tellPassedOn(at));
  }

  #tellPassedOn(at: number): void {
    const { grantedAt, record } = this.#possession;
    const details = { holdMs: at - grantedAt, fencingToken: record.fencingToken };
    this.root.child('lock.release', { at })?.end('released', { at, details });
    this.end('released', at);
  }

  /** `at`: on the monotonic clock. */
  end(outcome: ReleaseReason, at: number, error?: unknown): void {
    for (const guest of this.#guests) this.#endTree(guest, outcome, at, error);
    this.#endTree(this.root, outcome, at, error);
  }

  #endTree(root: OpenEvent<'lock'>, outcome: ReleaseReason, at: number, error: unknown): void {
    const { grant, grantedAt, depth, deepest, renewals, loss } = this.#possession;
    const { contended, waitMs, leaseMs, record } = grant;
    const { fencingToken } = record;
    const holdMs = at - grantedAt;
    const details: Writable<EventDetails['lock']> = {
      contended,
      waitMs,
      holdMs,
      fencingToken,
      leaseMs,
      renewals,
      depth: deepest,
    };
    if (loss !== undefined) details.lostReason = loss.reason;
    if (root !== this.root) details.reentered = true;
    root.end(outcome, { at, error, lock: snapshotOf(record, depth), details });
  }
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

const soon = Promise.resolve();
function nothing(): void {}
const noGuests: readonly OpenEvent<'lock'>[] = Object.freeze([]);

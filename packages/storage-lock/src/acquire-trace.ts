import type { AcquireOutcome, Blocker, EventDetails, OpenEvent } from '@lockscope/core';
import type { AcquireResult, LockRecord } from '@lockscope/storage';
import { snapshotOf } from './blocker.ts';
import type { AcquireCall } from './acquire-call.ts';
import type { CallSite } from './call-site.ts';
import { isTold } from './is-told.ts';
import type { LockRegistry } from './lock-registry.ts';
import { answerOf, votesOf } from './votes.ts';
import type { WaitLedger } from './wait-ledger.ts';

/** @internal How one acquire ended, for its event. */
export interface AcquireEnd {
  readonly outcome: AcquireOutcome;
  readonly attempts: number;
  readonly waitMs: number;
  readonly contended: boolean;
  /** What the wait was spent on, when it was contended. */
  readonly ledger: WaitLedger | undefined;
  readonly deadlockWith: readonly Blocker[] | undefined;
  readonly blocker: Blocker | undefined;
  readonly leaseMs: number;
  readonly record?: LockRecord | undefined;
  readonly error?: unknown;
  /** The owner had it already, through another acquire. */
  readonly reentered?: boolean;
  /** On the monotonic clock. */
  readonly at: number;
}

/** @internal What listeners are told of one acquire. There is none when nobody listens. */
export class AcquireTrace {
  readonly root: OpenEvent<'lock'>;
  /** What the record is to carry, so that waiters can link to this acquire. */
  readonly traceparent: string | undefined;
  readonly #acquire: OpenEvent<'lock.acquire'> | undefined;
  #call: OpenEvent<'storage.acquire'> | undefined;
  #blockers = 0;
  #failures = 0;

  readonly #site: CallSite | undefined;
  /** What its owner had when it asked. */
  readonly #holding: readonly string[] | undefined;

  constructor(root: OpenEvent<'lock'>, site: CallSite | undefined, holding: readonly string[] | undefined) {
    this.root = root;
    this.#site = site;
    this.#holding = holding;
    this.#acquire = root.child('lock.acquire');
    this.traceparent = root.traceparent();
  }

  static begin(
    registry: LockRegistry,
    { key, owner, options: { operation, share }, site }: AcquireCall,
    ownerId: string,
  ): AcquireTrace | undefined {
    if (!registry.listeners.wants('lock')) return undefined;
    const root = registry.listeners.begin('lock', {
      lockName: registry.nameOf(key),
      lockKey: key,
      ownerId,
      storageName: registry.storage.name,
      ...(operation !== undefined && { operation }),
      ...(share !== undefined && { mode: share === Infinity ? ('shared' as const) : ('semaphore' as const) }),
    });
    return root && new AcquireTrace(root, site, owner === undefined ? undefined : registry.holding(owner));
  }

  /** Whether somebody wants to hear of what is spent waiting. */
  get tellsWaits(): boolean {
    return this.#acquire !== undefined;
  }

  /** Tells what was held back. Bound, to be handed to a promise as it is. */
  readonly flush = (): void => this.root.flush();

  /** However long it waits, only its first two questions are told as they are asked, see {@link answered}. */
  asks(attempt: number, sentAt: number): void {
    this.#call = undefined;
    if (attempt > 2 || this.#acquire === undefined) return;
    this.root.hold();
    this.#call = this.#acquire.child('storage.acquire', { at: sentAt });
    this.root.flush();
  }

  /**
   * Of later questions, the first that fails is told when it is answered. As actions, the 1st, 2nd, 4th, 8th, … attempt
   * are recorded, and each that was no plain "busy", up to a bound.
   */
  answered(attempt: number, from: number, at: number, result: 'acquired' | 'busy' | 'error', answer?: unknown): void {
    const error = result === 'error' ? answer : undefined;
    if (result === 'error') this.#failures += 1;
    if (this.#call === undefined && result === 'error' && this.#failures === 1)
      this.#call = this.#acquire?.child('storage.acquire', { at: from });
    if (result === 'error') this.#call?.end('error', { error, at });
    else this.#call?.end('ok', { details: answerOf(answer, result === 'busy'), at });
    if (result === 'busy' && (attempt & (attempt - 1)) !== 0) return;
    if (result === 'error' && !isTold(this.#failures)) return;
    const votes = votesOf(answer);
    const payload = votes === undefined ? { attempt, result } : { attempt, result, ...votes };
    this.#acquire?.action('acquire.attempt', payload, { from, at, error });
  }

  sees(previous: Blocker | undefined, blocker: Blocker, queueDepth: number | undefined, at: number): void {
    const depth = queueDepth === undefined ? undefined : { queueDepth };
    this.#blockers += 1;
    const callSite = previous === undefined ? this.#site?.text() : undefined;
    if (previous === undefined)
      this.#acquire?.action(
        'acquire.contended',
        { blocker, ...depth, ...(callSite !== undefined && { callSite }) },
        { at },
      );
    else if (isTold(this.#blockers))
      this.#acquire?.action('acquire.blocker_changed', { previous, blocker, ...depth }, { at });
  }

  waits(waitedMs: number, blocker: Blocker, queueDepth: number | undefined): void {
    this.#acquire?.action('acquire.waiting', { waitedMs, blocker, ...(queueDepth !== undefined && { queueDepth }) });
  }

  granted(
    { record, previous }: AcquireResult & { readonly acquired: true },
    wait: { readonly via: 'local' | 'notified' | 'polled'; readonly handoffMs: number | undefined } | undefined,
    at: number,
  ): void {
    if (this.#acquire === undefined) return;
    if (previous?.expiredAt !== undefined) {
      const overdueMs = Math.max(0, record.acquiredAt - previous.expiredAt);
      const { holder, fencingToken } = previous;
      this.#acquire.action('acquire.taken_over', { ownerId: holder.ownerId, fencingToken, overdueMs }, { at });
    }
    if (wait === undefined) return;
    const { via, handoffMs } = wait;
    this.#acquire.action('acquire.handed_over', { via, ...(handoffMs !== undefined && { handoffMs }) }, { at });
  }

  /** Ends the acquire, and the whole tree when nothing was acquired. */
  end(end: AcquireEnd): void {
    const { outcome, attempts, waitMs, contended, leaseMs, record, error, at } = end;
    this.#call?.end('abandoned', { at });
    if (this.#acquire !== undefined) {
      // Field by field, and the token with the first: what is added to an object later takes more room.
      const details: { -readonly [K in keyof EventDetails['lock.acquire']]: EventDetails['lock.acquire'][K] } =
        record === undefined
          ? { attempts, waitMs, contended }
          : { attempts, waitMs, contended, fencingToken: record.fencingToken };
      const { blocker, ledger, deadlockWith } = end;
      if (blocker !== undefined) details.blocker = blocker;
      if (ledger !== undefined) details.segments = ledger.end(at);
      if (ledger?.predecessor !== undefined) details.predecessor = ledger.predecessor;
      if (this.#holding !== undefined) details.holding = this.#holding;
      if (deadlockWith !== undefined) details.deadlockWith = deadlockWith;
      if (end.reentered === true) details.reentered = true;
      this.#acquire.end(outcome, { at, details, error, lock: record && snapshotOf(record, 1) });
    }
    if (outcome === 'acquired') return;
    this.root.end(outcome, { at, error, details: { contended, waitMs, leaseMs, renewals: 0, depth: 0 } });
  }
}

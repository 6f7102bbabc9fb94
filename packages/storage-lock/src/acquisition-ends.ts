import type { AcquireOutcome, Blocker, EventDetails } from '@lockscope/core';
import type { AcquireResult, LockRecord } from '@lockscope/storage';
import { AcquisitionState } from './acquisition-state.ts';
import { afterwards } from './afterwards.ts';
import { cleanUp } from './clean-up.ts';
import { LocksClosedError, LockTimeoutError } from './errors.ts';
import type { HeldLock } from './held-lock.ts';

type RollbackReason = EventDetails['lock.rollback']['reason'];

/** @internal The ends of an acquire that got no lock, what is common to all ends, and the roll-back of what is left. */
export abstract class AcquisitionEnds extends AcquisitionState {
  protected onAbort: (() => void) | undefined = undefined;
  protected resolve!: (lock: HeldLock | undefined) => void;
  protected reject!: (error: unknown) => void;

  /** It may be in the storage's line although it has not asked as a waiter yet. */
  protected placed = false;
  /** Who has what it would wait for for ever. */
  protected deadlockWith: readonly Blocker[] | undefined = undefined;

  /** It is no longer among the acquires of this process. */
  protected abstract leavePlace(): void;

  timeOut(): void {
    const now = this.registry.clock.monotonic();
    this.fail('timeout', new LockTimeoutError(this.call.key, now - this.startedAt, this.blockerAt(now)));
  }

  close(): void {
    this.fail('error', new LocksClosedError(this.call.key));
  }

  protected notAcquired(blocker: Blocker | undefined): void {
    if (blocker !== undefined) {
      this.contends();
      this.ledger?.sees(blocker, this.startedAt);
      this.wait.sees(blocker, undefined, false);
    }
    this.end('not_acquired');
    this.resolve(undefined);
  }

  /** `granted`: whether the storage gave it to this acquire, as far as that is known. */
  protected fail(
    outcome: 'timeout' | 'aborted' | 'deadlock' | 'error',
    error: Error,
    granted: boolean | 'perhaps' = false,
    reason: RollbackReason = 'caller_gone',
  ): void {
    if (this.settled) return;
    const asking = this.inquiry.openSince !== undefined;
    this.end(outcome, error);
    this.reject(error);
    if (!asking) this.leaveNothing(this.inquiry.leaseId, granted, reason);
  }

  /**
   * The end, whatever it is: no timer, no subscription, no place in the queue is left. Who got the lock calls
   * {@link stopWaitingSoon} for that, once its caller has it.
   */
  protected end(outcome: AcquireOutcome, error?: unknown, record?: LockRecord, now?: number, reentered = false): void {
    this.settled = true;
    const { due, clock } = this.registry;
    const { signal, options } = this.call;
    due.delete(this);
    if (this.inquiry.openSince !== undefined) this.registry.leftovers.add();
    if (outcome !== 'acquired') this.waiting?.stop();
    if (this.onAbort !== undefined) signal?.removeEventListener('abort', this.onAbort);
    if (this.trace !== undefined) {
      const at = now ?? clock.monotonic();
      this.trace.end({
        outcome,
        attempts: this.inquiry.attempts,
        waitMs: at - this.startedAt,
        contended: this.contended,
        ledger: this.ledger,
        deadlockWith: this.deadlockWith,
        blocker: this.blockerAt(at),
        leaseMs: options.leaseMs,
        record,
        error,
        reentered,
        at,
      });
    }
    this.leavePlace();
  }

  /** Who got the lock goes on first. */
  protected stopWaitingSoon(): void {
    const { waiting } = this;
    if (waiting !== undefined) afterwards(() => waiting.stop());
  }

  /** Takes away what questions left in the storage that nobody waits for: a lock, a place among the waiters. */
  protected leaveNothing(leaseId: string, granted: boolean | 'perhaps', reason: RollbackReason): void {
    const { key } = this.call;
    const { ownerId } = this;
    // Who leaves gives back what was handed to it meanwhile.
    const onRecord = this.placed || this.waiting?.onRecord === true;
    const operation = onRecord && granted !== true ? 'leave' : 'release';
    if (operation === 'leave' || granted !== false)
      cleanUp(this.registry, { key, leaseId, ownerId, operation, reason });
  }

  /** Its caller is gone, or has the lock already because it was handed over, or it asked for another lease meanwhile. */
  answeredNobody(leaseId: string, result: AcquireResult | 'perhaps'): void {
    const granted = result === 'perhaps' ? result : result.acquired;
    if (!this.settled) {
      this.leaveNothing(leaseId, granted, 'late_reply');
      return this.inquiry.ask();
    }
    this.registry.leftovers.done();
    const possession = this.possession;
    const token = result !== 'perhaps' && result.acquired ? result.record.fencingToken : undefined;
    const own = possession?.record.leaseId === leaseId ? possession : undefined;
    if (own !== undefined && (token === own.record.fencingToken || !own.isOver)) return;
    // Or it has been passed on within this process, and another owner has it under the same lease.
    const heir = this.registry.places.get(this.call.key)?.holder;
    if (heir?.record.leaseId === leaseId && !heir.isOver) return;
    this.leaveNothing(leaseId, granted, 'caller_gone');
  }
}

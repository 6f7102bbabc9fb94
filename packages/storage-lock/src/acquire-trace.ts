import type { AcquireOutcome, Blocker, OpenEvent } from '@lockscope/core';
import type { AcquireResult, LockRecord } from '@lockscope/storage';
import { snapshotOf } from './blocker.ts';
import type { LockRegistry } from './lock-registry.ts';

/** @internal How one acquire ended, for its event. */
export interface AcquireEnd {
  readonly outcome: AcquireOutcome;
  readonly attempts: number;
  readonly waitMs: number;
  readonly contended: boolean;
  readonly blocker: Blocker | undefined;
  readonly leaseMs: number;
  readonly record?: LockRecord | undefined;
  readonly error?: unknown;
}

/** @internal What listeners are told of one acquire. There is none when nobody listens. */
export class AcquireTrace {
  readonly root: OpenEvent<'lock'>;
  /** What the record is to carry, so that waiters can link to this acquire. */
  readonly traceparent: string | undefined;
  readonly #acquire: OpenEvent<'lock.acquire'> | undefined;
  #call: OpenEvent<'storage.acquire'> | undefined;

  constructor(root: OpenEvent<'lock'>) {
    this.root = root;
    this.#acquire = root.child('lock.acquire');
    this.traceparent = root.traceparent();
  }

  static begin(
    registry: LockRegistry,
    key: string,
    ownerId: string,
    operation: string | undefined,
  ): AcquireTrace | undefined {
    if (!registry.listeners.wants('lock')) return undefined;
    const root = registry.listeners.begin('lock', {
      lockName: registry.nameOf(key),
      lockKey: key,
      ownerId,
      storageName: registry.storage.name,
      ...(operation !== undefined && { operation }),
    });
    return root && new AcquireTrace(root);
  }

  asks(sentAt: number): void {
    this.#call = this.#acquire?.child('storage.acquire', { at: sentAt });
  }

  /** Of many attempts, the 1st, 2nd, 4th, 8th, … are recorded, and each that was no plain "busy". */
  answered(attempt: number, sentAt: number, result: 'acquired' | 'busy' | 'error', error?: unknown): void {
    if (result === 'error') this.#call?.end('error', { error });
    else this.#call?.end('ok', { details: { refused: result === 'busy' } });
    if (result === 'busy' && (attempt & (attempt - 1)) !== 0) return;
    this.#acquire?.action(
      'acquire.attempt',
      { attempt, result },
      { from: sentAt, ...(error !== undefined && { error }) },
    );
  }

  sees(previous: Blocker | undefined, blocker: Blocker, queueDepth: number | undefined): void {
    const depth = queueDepth === undefined ? undefined : { queueDepth };
    if (previous === undefined) this.#acquire?.action('acquire.contended', { blocker, ...depth });
    else this.#acquire?.action('acquire.blocker_changed', { previous, blocker, ...depth });
  }

  waits(waitedMs: number, blocker: Blocker, queueDepth: number | undefined): void {
    this.#acquire?.action('acquire.waiting', { waitedMs, blocker, ...(queueDepth !== undefined && { queueDepth }) });
  }

  granted(
    { record, previous }: AcquireResult & { readonly acquired: true },
    via: 'local' | 'notified' | 'polled' | undefined,
  ): void {
    if (this.#acquire === undefined) return;
    if (previous?.expiredAt !== undefined) {
      const overdueMs = Math.max(0, record.acquiredAt - previous.expiredAt);
      this.#acquire.action('acquire.taken_over', {
        ownerId: previous.holder.ownerId,
        fencingToken: previous.fencingToken,
        overdueMs,
      });
    }
    if (via === undefined) return;
    const handoffMs =
      previous?.releasedAt === undefined ? undefined : Math.max(0, record.acquiredAt - previous.releasedAt);
    this.#acquire.action('acquire.handed_over', { via, ...(handoffMs !== undefined && { handoffMs }) });
  }

  /** Ends the acquire, and the whole tree when nothing was acquired. */
  end({ outcome, attempts, waitMs, contended, blocker, leaseMs, record, error }: AcquireEnd): void {
    this.#call?.end('abandoned');
    this.#acquire?.end(outcome, {
      error,
      ...(record !== undefined && { lock: snapshotOf(record, 1) }),
      details: {
        attempts,
        waitMs,
        contended,
        ...(blocker !== undefined && { blocker }),
        ...(record !== undefined && { fencingToken: record.fencingToken }),
      },
    });
    if (outcome !== 'acquired')
      this.root.end(outcome, { error, details: { contended, waitMs, leaseMs, renewals: 0, depth: 0 } });
  }
}

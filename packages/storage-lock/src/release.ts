import type { OpenEvent } from '@lockscope/core';
import type { ReleaseResult } from '@lockscope/storage';
import { blockerOf } from './blocker.ts';
import { LockReleaseError } from './errors.ts';
import type { LockRegistry } from './lock-registry.ts';
import type { Possession } from './possession.ts';
import { callStorage } from './storage-call.ts';
import { answerOf } from './votes.ts';

/** Pauses before a failed release is tried again, while the lease lasts. */
const retryAfterMs = [50, 250] as const;

/**
 * @internal Gives one possession back to the storage. The request goes out before anybody is told of it; a failure is
 * tried twice more; when the lease is over first, the lock is free anyway and the release has failed.
 */
export class Release {
  readonly #registry: LockRegistry;
  readonly #possession: Possession;
  readonly #deadline: number;
  #tries = 0;
  /** Of the last try. */
  #sentAt = 0;
  #ended = false;
  #lastError: unknown;
  #event: OpenEvent<'lock.release'> | undefined;
  #call: OpenEvent<'storage.release'> | undefined;
  #resolve!: (released: boolean) => void;
  #reject!: (error: unknown) => void;

  constructor(registry: LockRegistry, possession: Possession, deadline: number) {
    this.#registry = registry;
    this.#possession = possession;
    this.#deadline = deadline;
  }

  start(): Promise<boolean> {
    const promise = new Promise<boolean>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#try();
    return promise;
  }

  /** The lease is over and the storage has not answered. */
  giveUp(): void {
    this.#fail(this.#lastError ?? new Error('the storage gave no answer before the lease was over'));
  }

  #try(): void {
    this.#tries += 1;
    const { trace, record } = this.#possession;
    const root = trace?.root;
    const { storage } = this.#registry;
    const at = this.#now();
    this.#sentAt = at;
    const reply = callStorage(() => storage.release(record.key, record.leaseId));
    if (root !== undefined) {
      root.hold();
      this.#event ??= root.child('lock.release', { at });
      this.#call = this.#event?.child('storage.release', { at });
      root.flush();
    }
    reply.then(
      (result) => this.#answered(result),
      (error: unknown) => this.#unanswered(error),
    );
  }

  #answered(result: ReleaseResult): void {
    if (this.#ended) return;
    this.#ended = true;
    const { record, forced } = result;
    // Refused after a try without an answer: that try did it.
    const released = result.released || this.#tries > 1;
    const at = this.#now();
    this.#call?.end('ok', { at, details: answerOf(result, !result.released) });
    this.#endEvent(released ? 'released' : 'stale', at);
    if (released) this.#possession.finish('released', at);
    else {
      const reason = forced === true || ('record' in result && record === undefined) ? 'forced' : 'stolen';
      this.#possession.lost(reason, record && blockerOf(record, undefined), at - this.#sentAt);
    }
    this.#resolve(released);
  }

  #unanswered(error: unknown): void {
    if (this.#ended) return;
    this.#lastError = error;
    this.#call?.end('error', { error });
    const pause = retryAfterMs[this.#tries - 1];
    const { clock } = this.#registry;
    if (pause === undefined || clock.monotonic() + pause >= this.#deadline) return this.#fail(error);
    clock.setTimeout(() => {
      if (!this.#ended) this.#try();
    }, pause);
  }

  #fail(cause: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    const error = new LockReleaseError(this.#possession.key, cause);
    const at = this.#now();
    this.#call?.end('abandoned', { at });
    this.#endEvent('error', at, error);
    this.#possession.finish('release_failed', at, error);
    this.#reject(error);
  }

  #endEvent(outcome: 'released' | 'stale' | 'error', at: number, error?: unknown): void {
    const { grantedAt, record } = this.#possession;
    this.#event?.end(outcome, { at, error, details: { holdMs: at - grantedAt, fencingToken: record.fencingToken } });
  }

  /** Only listeners need to know when. */
  #now(): number {
    return this.#possession.trace === undefined ? 0 : this.#registry.clock.monotonic();
  }
}

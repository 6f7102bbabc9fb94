import type { AcquireRequest, AcquireResult, Granted, Refused } from '@lockscope/storage';
import type { AcquireTrace } from './acquire-trace.ts';
import type { LockRegistry } from './lock-registry.ts';
import { callStorage } from './storage-call.ts';

/** @internal Who wants to know what the storage answers. */
export interface Inquirer {
  /** Whether it is over for who asked; then answers go to {@link answeredNobody}. */
  readonly settled: boolean;
  request(leaseId: string, sentAt: number): AcquireRequest;
  granted(result: Granted, sentAt: number, now: number): void;
  refused(result: Refused, sentAt: number, now: number): void;
  failed(error: unknown, sentAt: number, now: number): void;
  /** Nobody waits for this answer any more; `'perhaps'`: there was none. */
  answeredNobody(leaseId: string, result: AcquireResult | 'perhaps'): void;
}

/** @internal The questions of one acquire to the storage: one after the other, all for one lease. */
export class Inquiry {
  leaseId: string;
  attempts = 0;
  /** When the question was sent that has no answer yet. */
  openSince: number | undefined = undefined;
  /** Since when all questions have failed. */
  failingSince: number | undefined = undefined;
  /** Set when there was a reason to ask again while the last question was still open. */
  wokenMeanwhile = false;
  /** The last refusal: when its question was sent, and the storage's time in the answer. */
  #heard: { readonly sentAt: number; readonly storageNow: number } | undefined = undefined;
  readonly #registry: LockRegistry;
  readonly #trace: AcquireTrace | undefined;
  readonly #inquirer: Inquirer;

  constructor(registry: LockRegistry, trace: AcquireTrace | undefined, leaseId: string, inquirer: Inquirer) {
    this.#registry = registry;
    this.#trace = trace;
    this.leaseId = leaseId;
    this.#inquirer = inquirer;
  }

  /** Asks, or again once the open question is answered. `at`: now, when the caller has just looked at the clock. */
  ask(at?: number): void {
    if (this.openSince !== undefined) {
      this.wokenMeanwhile = true;
      return;
    }
    const { storage, clock } = this.#registry;
    const { leaseId } = this;
    const sentAt = at ?? clock.monotonic();
    this.attempts += 1;
    this.openSince = sentAt;
    this.wokenMeanwhile = false;
    const request = this.#inquirer.request(leaseId, sentAt);
    const reply = callStorage(() => storage.acquire(request));
    this.#trace?.asks(this.attempts, sentAt);
    reply.then(
      (result) => this.#answered(sentAt, leaseId, result),
      (error: unknown) => this.#unanswered(sentAt, leaseId, error),
    );
  }

  /** What was granted cannot be used: the next question is for another lease. */
  startAnew(): void {
    this.leaseId = this.#registry.ids.next();
  }

  /**
   * The earliest that this moment of the storage can have been on the clock of this process: counted from the last
   * question whose answer told the storage's time.
   */
  atEarliest(storageTime: number, otherwise: number): number {
    if (this.#heard === undefined) return this.openSince ?? otherwise;
    return this.#heard.sentAt + Math.max(0, storageTime - this.#heard.storageNow);
  }

  #answered(sentAt: number, leaseId: string, result: AcquireResult): void {
    this.openSince = undefined;
    if (this.#inquirer.settled || leaseId !== this.leaseId) return this.#inquirer.answeredNobody(leaseId, result);
    this.failingSince = undefined;
    const now = this.#registry.clock.monotonic();
    if (result.acquired) return this.#inquirer.granted(result, sentAt, now);
    this.#heard = { sentAt, storageNow: result.storageNow };
    this.#trace?.answered(this.attempts, sentAt, now, 'busy', result);
    this.#inquirer.refused(result, sentAt, now);
  }

  #unanswered(sentAt: number, leaseId: string, error: unknown): void {
    this.openSince = undefined;
    if (this.#inquirer.settled || leaseId !== this.leaseId) return this.#inquirer.answeredNobody(leaseId, 'perhaps');
    const now = this.#registry.clock.monotonic();
    this.#trace?.answered(this.attempts, sentAt, now, 'error', error);
    this.failingSince ??= now;
    this.#inquirer.failed(error, sentAt, now);
  }
}

/** @internal The storage has said itself that asking again is no use, and that it did nothing. */
export function isFinal(error: unknown): boolean {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return code === 'STORAGE_CLOSED' || code === 'FOREIGN_RECORD';
}

import type { Blocker } from '@lockscope/core';
import type { LeaseNews } from '@lockscope/storage';
import type { AcquireTrace } from './acquire-trace.ts';
import type { Due } from './due-queue.ts';
import { Line } from './line.ts';
import type { LockRegistry } from './lock-registry.ts';

/** While it waits, a waiter reports after this long, then each time after twice as long. */
const firstReportMs = 1000;

/** @internal Who is told of the moments that a waiter waits for. */
export interface Waiter {
  readonly settled: boolean;
  ask(): void;
  timeOut(): void;
  hears(news: LeaseNews): void;
  blockerAt(now: number): Blocker | undefined;
  /** How many come before it at this moment, as far as it knows. */
  aheadNow(): number | undefined;
}

/** @internal The waiting of one acquire: its moments, its place in the storage's line, whom it waits for. */
export class Waiting {
  readonly #registry: LockRegistry;
  readonly #trace: AcquireTrace | undefined;
  readonly #key: string;
  readonly #startedAt: number;
  readonly #waiter: Waiter & Due;
  started = false;
  /** The moments that it waits for, on the monotonic clock. */
  #deadline: number = Infinity;
  #askAt: number = Infinity;
  #reportAt: number = Infinity;
  #line: Line | undefined = undefined;
  #reportAfterMs = firstReportMs;
  #seen: Blocker | undefined = undefined;
  #seenAt = 0;
  /** How many come before it, where the storage said. */
  ahead: number | undefined = undefined;
  /** How it learned that it was its turn. */
  turnCame: 'local' | 'notified' | 'polled' = 'polled';

  constructor(
    registry: LockRegistry,
    trace: AcquireTrace | undefined,
    key: string,
    startedAt: number,
    waiter: Waiter & Due,
  ) {
    this.#registry = registry;
    this.#trace = trace;
    this.#key = key;
    this.#startedAt = startedAt;
    this.#waiter = waiter;
  }

  get onRecord(): boolean {
    return this.#line?.onRecord === true;
  }

  /** From now on it keeps the process alive: a program that only waits for a lock is not done. */
  start(deadline: number): void {
    if (this.started) return;
    this.started = true;
    this.#deadline = deadline;
    if (this.#trace !== undefined) this.#reportAt = this.#startedAt + firstReportMs;
    this.#registry.due.delete(this.#waiter);
    this.#waiter.keepsAlive = true;
    this.#schedule();
  }

  /** One of its moments has come. */
  due(now: number): void {
    if (now >= this.#deadline) return this.#waiter.timeOut();
    const asks = now >= this.#askAt;
    if (asks) this.#askAt = Infinity;
    if (now >= this.#reportAt) this.#report(now);
    if (asks) this.#waiter.ask();
    this.#schedule();
  }

  get inLine(): boolean {
    return this.#line !== undefined;
  }

  /** Stands in the storage's line from its next question on, as far as the storage has one. */
  joinLine(leaseId: string): void {
    this.#line ??= new Line(this.#registry, this.#key);
    this.#line.watch(leaseId, (news) => this.#waiter.hears(news));
  }

  /** What a question says of its place in line. */
  attempt(): { readonly waitMs: number; readonly claimMs: number } | undefined {
    return this.#line?.onRecord === true ? this.#line.attempt(this.ahead) : undefined;
  }

  /** Until it is told, it is time to ask, or the lease in the way is over. */
  sleep(leaseLeftMs: number | undefined): void {
    const sleepMs = this.#line?.sleepMs(this.ahead) ?? 0;
    const untilFreeMs = leaseLeftMs === undefined ? Infinity : Math.max(1, Math.ceil(leaseLeftMs));
    this.turnCame = 'polled';
    this.#asksAt(this.#registry.clock.monotonic() + Math.min(sleepMs, untilFreeMs));
  }

  /** It asks now, so it need not be woken for that. */
  woken(): void {
    this.turnCame = 'notified';
    this.#asksAt(Infinity);
  }

  /** True when it is somebody else than before; then it is told, unless nobody is to wait for it. */
  sees(
    blocker: Blocker,
    ahead: number | undefined,
    told = true,
    at: number = this.#registry.clock.monotonic(),
  ): boolean {
    const before = this.#seen;
    this.#seen = blocker;
    this.#seenAt = at;
    this.ahead = ahead;
    const same = before?.ownerId === blocker.ownerId && before.fencingToken === blocker.fencingToken;
    if (before !== undefined && same) return false;
    if (told) this.#trace?.sees(before, blocker, ahead, at);
    return true;
  }

  /** Whom it saw last in its way. */
  seen(now: number): Blocker | undefined {
    const seen = this.#seen;
    return seen?.heldForMs === undefined ? seen : { ...seen, heldForMs: seen.heldForMs + now - this.#seenAt };
  }

  /** No subscription is left. Its moments go with the acquire. */
  stop(): void {
    this.started = false;
    this.#line?.stop();
  }

  #report(now: number): void {
    const blocker = this.#waiter.blockerAt(now);
    if (blocker !== undefined) this.#trace?.waits(now - this.#startedAt, blocker, this.#waiter.aheadNow());
    this.#reportAfterMs *= 2;
    this.#reportAt = this.#startedAt + this.#reportAfterMs;
  }

  #asksAt(at: number): void {
    this.#askAt = at;
    this.#schedule();
  }

  #schedule(): void {
    if (!this.started || this.#waiter.settled) return;
    this.#registry.due.set(this.#waiter, Math.min(this.#deadline, this.#askAt, this.#reportAt));
  }
}

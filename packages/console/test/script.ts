import {
  decodeEvent,
  ListenerSet,
  toWire,
  type Blocker,
  type Event,
  type EventDetails,
  type EventOutcomes,
  type EventType,
  type LossEvidence,
  type LostReason,
  type OpenEvent,
} from '@lockscope/core';

import { Board, type Phase } from '../src/board.ts';

export const epoch = 1_763_600_000_000;

/** One telling, as it goes over the wire. */
export interface Told {
  readonly process: string;
  readonly event: Event;
  readonly phase: Phase;
}

/** A few processes that share one clock, and a board that hears them. */
export class Script {
  /** Milliseconds since the beginning. */
  now = 0;
  readonly board = new Board();
  /** What was told so far. */
  readonly told: Told[] = [];
  /** While it is false, what is told is kept back; see {@link Script.deliver}. */
  live = true;

  process(name: string): FakeProcess {
    return new FakeProcess(this, name);
  }

  at(ms: number): this {
    this.now = ms;
    return this;
  }

  hear(told: Told): void {
    this.told.push(told);
    if (this.live) this.deliver(told);
  }

  deliver({ process, event, phase }: Told): void {
    this.board.apply(process, event, phase, epoch + this.now);
  }

  view(since = 0): ReturnType<Board['view']> {
    return this.board.view(since, epoch + this.now);
  }

  lock(key: string): ReturnType<Board['view']>['locks'][number] {
    const found = this.view().locks.find((lock) => lock.key === key);
    if (found === undefined) throw new Error(`the board does not know ${key}`);
    return found;
  }
}

/** One process: what its locks would tell, made by the event tree of core itself. */
export class FakeProcess {
  readonly name: string;
  readonly #script: Script;
  readonly #listeners: ListenerSet;

  constructor(script: Script, name: string) {
    this.name = name;
    this.#script = script;
    const tell = (phase: Phase) => (event: Event) =>
      script.hear({ process: name, event: decodeEvent(JSON.stringify(toWire(event))), phase });
    this.#listeners = new ListenerSet({
      listeners: [{ name: 'script', onStart: tell('start'), onAction: tell('action'), on: tell('end') }],
      clock: { now: () => epoch + script.now, monotonic: () => script.now },
    });
  }

  single<T extends EventType>(type: T, lockName: string, outcome: EventOutcomes[T], details: EventDetails[T]): void {
    this.#listeners.begin(type, { lockName, lockKey: lockName })?.end(outcome, { details });
  }

  /** Asks for a lock. */
  asks(lockKey: string, { name = lockKey, operation = 'work', ownerId = `${this.name}:1` } = {}): FakeAcquire {
    const root = this.#listeners.begin('lock', { lockKey, lockName: name, ownerId, operation });
    if (root === undefined) throw new Error('nobody listens');
    return new FakeAcquire(this.#script, root, ownerId);
  }

  /** Gets a lock at once. */
  gets(
    lockKey: string,
    token: number,
    options: { leaseMs?: number; name?: string; operation?: string } = {},
  ): FakeHold {
    return this.asks(lockKey, options).granted(token, options);
  }
}

export class FakeAcquire {
  readonly root: OpenEvent<'lock'>;
  readonly acquire: OpenEvent<'lock.acquire'>;
  readonly #script: Script;
  readonly #ownerId: string;
  readonly #since: number;
  #blocker: Blocker | undefined;

  constructor(script: Script, root: OpenEvent<'lock'>, ownerId: string) {
    this.#script = script;
    this.root = root;
    this.#ownerId = ownerId;
    this.#since = script.now;
    const acquire = root.child('lock.acquire');
    if (acquire === undefined) throw new Error('nobody listens');
    this.acquire = acquire;
  }

  /** Sees who is in the way. */
  blockedBy(blocker: Blocker): this {
    const previous = this.#blocker;
    this.#blocker = blocker;
    if (previous === undefined) this.acquire.action('acquire.contended', { blocker });
    else this.acquire.action('acquire.blocker_changed', { previous, blocker });
    return this;
  }

  reports(): this {
    const blocker = this.#blocker ?? { ownerId: 'nobody' };
    this.acquire.action('acquire.waiting', { waitedMs: this.#script.now - this.#since, blocker });
    return this;
  }

  takesOver(ownerId: string, fencingToken: number, overdueMs: number): this {
    this.acquire.action('acquire.taken_over', { ownerId, fencingToken, overdueMs });
    return this;
  }

  granted(fencingToken: number, { leaseMs = 10_000 } = {}): FakeHold {
    const acquiredAt = epoch + this.#script.now;
    const { lockKey: key } = this.acquire.event;
    const expiresAt = acquiredAt + leaseMs;
    this.acquire.end('acquired', {
      lock: { key, ownerId: this.#ownerId, fencingToken, depth: 1, acquiredAt, expiresAt },
      details: { ...this.#details(), fencingToken },
    });
    return new FakeHold(this.#script, this.root, fencingToken, leaseMs);
  }

  /** The same owner has it already. */
  joined(): OpenEvent<'lock'> {
    this.acquire.end('acquired', { details: this.#details() });
    return this.root;
  }

  ends(outcome: 'timeout' | 'aborted' | 'not_acquired' | 'error', error?: Error): void {
    this.acquire.end(outcome, { details: this.#details(), error });
    this.root.end(outcome, { error });
  }

  #details(): EventDetails['lock.acquire'] {
    const blocker = this.#blocker;
    const contended = blocker !== undefined;
    return { attempts: 1, waitMs: this.#script.now - this.#since, contended, ...(contended && { blocker }) };
  }
}

export class FakeHold {
  readonly root: OpenEvent<'lock'>;
  readonly token: number;
  readonly #script: Script;
  readonly #leaseMs: number;
  readonly #since: number;

  constructor(script: Script, root: OpenEvent<'lock'>, token: number, leaseMs: number) {
    this.#script = script;
    this.root = root;
    this.token = token;
    this.#leaseMs = leaseMs;
    this.#since = script.now;
  }

  /** As others see it. */
  get blocker(): Blocker {
    const { ownerId = '', operation } = this.root.event;
    return { ownerId, fencingToken: this.token, ...(operation !== undefined && { operation }) };
  }

  renews(): void {
    const renew = this.root.child('lease.renew');
    renew?.end('renewed', { details: { utilization: 0.3, roundTripMs: 1, failures: 0 } });
  }

  renewalFails(remainingMs: number): void {
    this.root.action('lease.suspect', { failures: 1, remainingMs });
  }

  recovers(): void {
    this.root.action('lease.recovered', { failures: 1 });
  }

  releases(): void {
    const holdMs = this.#script.now - this.#since;
    this.root.child('lock.release')?.end('released', { details: { holdMs, fencingToken: this.token } });
    this.#end('released');
  }

  loses(reason: LostReason, evidence: Partial<LossEvidence> = {}): void {
    const known = { sinceConfirmedMs: 0, eventLoopDelayMs: 0, failedRenewals: 0, renewalPending: false, ...evidence };
    const details = { reason, fencingToken: this.token, evidence: known };
    this.root.child('lease.lost')?.end('lost', { details });
    this.#end('lost');
  }

  cannotRelease(error: Error): void {
    this.root.child('lock.release')?.end('error', { error });
    this.#end('release_failed', error);
  }

  #end(outcome: 'released' | 'lost' | 'release_failed', error?: Error): void {
    const holdMs = this.#script.now - this.#since;
    const details = { contended: false, waitMs: 0, holdMs, leaseMs: this.#leaseMs, renewals: 0, depth: 1 };
    this.root.end(outcome, { details, error });
  }
}

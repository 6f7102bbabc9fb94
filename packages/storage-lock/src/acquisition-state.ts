import type { Blocker } from '@lockscope/core';
import type { AcquireRequest, AcquireResult, Granted, Holder, LeaseNews, Refused } from '@lockscope/storage';
import type { AcquireCall } from './acquire-call.ts';
import { AcquireTrace } from './acquire-trace.ts';
import { Due } from './due-queue.ts';
import { Inquiry, type Inquirer } from './inquiry.ts';
import type { LockRegistry, Place } from './lock-registry.ts';
import { holderOf } from './owner.ts';
import type { Possession } from './possession.ts';
import { WaitLedger } from './wait-ledger.ts';
import { blockerUntil, type WaitPiece } from './wait-parts.ts';
import { Waiting, type Waiter } from './waiting.ts';

/** Those who wait in one process are counted anew while they are so many at most. */
const mostCounted = 1000;

/** @internal What one acquire is made of, and whom it waits for. */
export abstract class AcquisitionState extends Due implements Inquirer, Waiter {
  readonly ownerId: string;
  settled = false;
  protected readonly call: AcquireCall;
  protected readonly registry: LockRegistry;
  protected readonly trace: AcquireTrace | undefined;
  protected readonly startedAt: number;
  protected readonly deadline: number;
  protected readonly inquiry: Inquiry;
  /** Made when the lock is busy. */
  protected waiting: Waiting | undefined = undefined;
  protected contended = false;
  /** Made when it is contended and somebody wants to hear of it. */
  protected ledger: WaitLedger | undefined = undefined;
  /** Among the acquires of this process that want the lock alone, while it asks or waits there. */
  protected place: Place | undefined = undefined;
  protected possession: Possession | undefined = undefined;

  constructor(registry: LockRegistry, call: AcquireCall) {
    super();
    this.registry = registry;
    this.call = call;
    const leaseId = registry.ids.next();
    this.ownerId = call.owner ?? leaseId;
    this.startedAt = registry.clock.monotonic();
    this.deadline = this.startedAt + call.options.waitMs;
    this.trace = AcquireTrace.begin(registry, call, this.ownerId);
    this.inquiry = new Inquiry(registry, this.trace, leaseId, this);
  }

  abstract request(leaseId: string, sentAt: number): AcquireRequest;
  abstract granted(result: Granted, sentAt: number, now: number): void;
  abstract refused(result: Refused, sentAt: number, now: number): void;
  abstract failed(error: unknown, sentAt: number, now: number): void;
  abstract answeredNobody(leaseId: string, result: AcquireResult | 'perhaps'): void;
  abstract ask(): void;
  abstract timeOut(): void;
  abstract hears(news: LeaseNews): void;

  protected get wait(): Waiting {
    return (this.waiting ??= new Waiting(this.registry, this.trace, this.call.key, this.startedAt, this));
  }

  protected get holder(): Holder {
    const { ids, options } = this.registry;
    const { operation } = this.call.options;
    return holderOf(this.ownerId, ids.process, options.service, operation, this.trace?.traceparent);
  }

  /** Whom it waits for, as far as it knows. */
  get blocker(): Blocker | undefined {
    return this.blockerAt(this.registry.clock.monotonic());
  }

  blockerAt(now: number): Blocker | undefined {
    const here = this.place?.holder;
    return here !== undefined && here !== this.possession ? here.asBlocker() : this.waiting?.seen(now);
  }

  aheadNow(): number | undefined {
    const asking: AcquisitionState | undefined = this.place?.asking;
    const waiting: ReadonlySet<AcquisitionState> | undefined = this.place?.waiting;
    const told = this.waiting?.ahead;
    if (waiting === undefined || asking === this || waiting.size > mostCounted) return told;
    let ahead = asking === undefined ? 0 : 1 + (asking.waiting?.ahead ?? 0);
    for (const waiter of waiting) {
      if (waiter === this) return ahead;
      ahead += 1;
    }
    return told;
  }

  protected contends(): void {
    this.contended = true;
    if (this.ledger !== undefined || this.trace?.tellsWaits !== true) return;
    this.ledger = new WaitLedger(this.startedAt, this.registry.storageTime);
  }

  protected sees(blocker: Blocker, ahead: number | undefined): boolean {
    return this.wait.sees(blocker, ahead);
  }

  /** Others had the lock meanwhile, as is known now. */
  protected learns(pieces: readonly WaitPiece[] | undefined, now: number): void {
    for (const { turn, to } of pieces ?? [])
      if (turn !== undefined) this.wait.sees(blockerUntil(turn, to), this.waiting?.ahead, true, now);
  }

  /** Those of this process who wait behind the one that asks learn what it learned. */
  protected tellBehind(pieces: readonly WaitPiece[] | undefined, now: number, blocker?: Blocker): void {
    const asking: AcquisitionState | undefined = this.place?.asking;
    if (asking !== this || this.place?.waiting === undefined) return;
    for (const waiter of this.place.waiting) {
      waiter.follows(this, pieces, now);
      if (blocker !== undefined) waiter.sees(blocker, waiter.waiting?.ahead);
    }
  }

  protected follows(leader: AcquisitionState, pieces: readonly WaitPiece[] | undefined, now: number): void {
    if (this.ledger === undefined || leader.ledger === undefined || pieces === undefined) return;
    this.ledger.follows(leader.ledger, pieces);
    this.learns(
      pieces.filter(({ to }) => to > this.startedAt),
      now,
    );
  }
}

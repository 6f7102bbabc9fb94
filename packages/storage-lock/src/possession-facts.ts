import type { Blocker } from '@lockscope/core';
import type { LockRecord } from '@lockscope/storage';
import { blockerOf } from './blocker.ts';
import { Due } from './due-queue.ts';
import { tellRejected, type FenceRejection } from './fence.ts';
import type { Grant } from './grant.ts';
import type { LockRegistry } from './lock-registry.ts';

/** One that lasts so long has those of this process who wait for it put on record. */
export const lastsAfterMs = 250;

/** @internal Who has what since when, as others of this process see it: what does not change while it is held. */
export abstract class PossessionFacts extends Due {
  readonly grant: Grant;
  readonly grantedAt: number;
  protected readonly registry: LockRegistry;

  constructor(registry: LockRegistry, grant: Grant, now: number) {
    super();
    this.registry = registry;
    this.grant = grant;
    this.grantedAt = now;
  }

  get record(): LockRecord {
    return this.grant.record;
  }
  get key(): string {
    return this.grant.record.key;
  }
  get name(): string {
    return this.registry.nameOf(this.key);
  }
  get ownerId(): string {
    return this.grant.record.holder.ownerId;
  }
  get leaseMs(): number {
    return this.grant.leaseMs;
  }
  get renewEveryMs(): number {
    return this.grant.renewEveryMs;
  }
  /** True when it has been held for so long that those who wait for it really wait. */
  get lasts(): boolean {
    return this.registry.clock.monotonic() - this.grantedAt >= lastsAfterMs;
  }

  /** Who stands in the way of those who wait for it. */
  asBlocker(): Blocker {
    return blockerOf(this.record, this.registry.clock.monotonic() - this.grantedAt);
  }

  /** What the lock protects refused its token; also after its end. */
  fenceRejected(rejection: FenceRejection): void {
    tellRejected(this.registry, this, rejection);
  }
}

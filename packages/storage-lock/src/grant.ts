import type { OpenEvent } from '@lockscope/core';
import type { LockRecord, Predecessor } from '@lockscope/storage';
import type { LeaseTerms } from './lease.ts';

/** @internal What is known of a possession when it begins. */
export interface Grant extends LeaseTerms {
  readonly record: LockRecord;
  readonly contended: boolean;
  readonly waitMs: number;
  readonly root: OpenEvent<'lock'> | undefined;
  /** How often it may still be passed on within this process without asking the storage. */
  readonly spareTokens: number;
  /** Since when this process has it, whoever in it; on the monotonic clock. */
  readonly passedSince: number;
  /** True when it was passed on here: the storage does not know yet who has it. */
  readonly unrecorded: boolean;
}

/** @internal What the next owner of this process gets. */
export interface PassedOn {
  readonly previous: Predecessor;
  readonly lease: Omit<Grant, 'contended' | 'waitMs' | 'root' | 'leaseMs' | 'renewEveryMs'>;
}

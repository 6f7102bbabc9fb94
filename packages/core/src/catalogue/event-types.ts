import type { Blocker } from '../event.ts';
import type { NodeVote } from './actions.ts';
import type { AcquireOutcome, LostReason, ReleaseReason, RenewOutcome, WaitSegmentKind } from './values.ts';

/** What the holder's own process was doing when it lost the lock, or came close to it. */
export interface LossEvidence {
  /** Since the last renewal that the storage confirmed (or the acquire), in milliseconds. */
  readonly sinceConfirmedMs: number;
  /** The longest that the event loop was blocked since then, in milliseconds, by how late timers of the lock ran. */
  readonly eventLoopDelayMs: number;
  /** Time spent in garbage collection since then, in milliseconds, where the runtime tells it. */
  readonly gcMs?: number;
  /** Renewals that failed in a row. */
  readonly failedRenewals: number;
  /** The last round trip to the storage, in milliseconds, or how long one has had no answer, if that is longer. */
  readonly storageRoundTripMs?: number;
  /** True while a renewal is still without an answer. */
  readonly renewalPending: boolean;
  /** The longest round trip to the storage of this possession, in milliseconds. */
  readonly worstRoundTripMs?: number;
  /** How far the storage's clock was ahead of that of this process when it last told, in milliseconds. */
  readonly clockOffsetMs?: number;
  /** Who has the lock now, when the storage told. */
  readonly successor?: Blocker;
}

/** Part of a wait with one cause. */
export interface WaitSegment {
  readonly kind: WaitSegmentKind;
  readonly ms: number;
  /** Whose possession it was, for `held_by`; absent when it is the sum of many. */
  readonly blocker?: Blocker;
}

interface CallDetails {
  /** True when the storage said that it does not have what was asked for, such as a lease that is gone. */
  readonly refused?: boolean;
  /** How each node voted, where the storage is made of several. */
  readonly votes?: readonly NodeVote[];
}

/** What is specific to each type of event, known when it has ended. */
export interface EventDetails {
  'lock.create': {
    readonly leaseMs: number;
    readonly renewEveryMs: number;
    readonly reentrancy: string;
    /** Whether a class of locks was declared, or the lock of one key made. */
    readonly scope: 'class' | 'key';
    /** How long a possession should take at most, where it was declared. */
    readonly expectedHoldMs?: number;
  };
  lock: {
    readonly contended: boolean;
    readonly waitMs: number;
    /** From the grant to the release or the loss; absent when it was never held. */
    readonly holdMs?: number;
    readonly fencingToken?: number;
    readonly leaseMs: number;
    readonly renewals: number;
    /** The deepest re-entry; 1 when it was never re-entered. */
    readonly depth: number;
    readonly lostReason?: LostReason;
    /** True when it is the second tree of a possession that its owner had already: count the lock once. */
    readonly reentered?: true;
  };
  'lock.acquire': {
    readonly attempts: number;
    /** From the request to the outcome. */
    readonly waitMs: number;
    readonly contended: boolean;
    /** The last holder seen while waiting. */
    readonly blocker?: Blocker;
    /** What the wait was spent on, oldest first; together `waitMs`. Told when it was contended. At most 32 parts. */
    readonly segments?: readonly WaitSegment[];
    /** Who gave it back right before, where it was contended and the storage told. */
    readonly predecessor?: Blocker;
    /** Names of the locks that the same owner or flow had in this process when it asked; at most 8. */
    readonly holding?: readonly string[];
    /** For `deadlock`: who waits for whom, from the one that this waits for on. */
    readonly deadlockWith?: readonly Blocker[];
    readonly fencingToken?: number;
    /** True when the owner got the lock through another of its acquires while this one waited. */
    readonly reentered?: true;
  };
  'lease.renew': {
    /** Part of the lease that had passed when the renewal landed: 1 is too late. */
    readonly utilization: number;
    readonly roundTripMs: number;
    /** Failures in a row, this one included. */
    readonly failures: number;
  };
  'lease.lost': { readonly reason: LostReason; readonly fencingToken: number; readonly evidence: LossEvidence };
  'lock.release': { readonly holdMs: number; readonly fencingToken: number };
  'fence.rejected': {
    readonly fencingToken: number;
    /** What the token was shown to, few-valued: a table, a service. */
    readonly resource?: string;
    /** The greater token that it had seen. */
    readonly currentToken?: number;
  };
  'lock.rollback': { readonly reason: 'late_reply' | 'caller_gone' | 'watchdog_failed' | 'no_answer' };
  'lock.inspect': { readonly found: boolean };
  'lock.force_release': { readonly reason: string; readonly victim?: Blocker };
  'storage.acquire': CallDetails;
  'storage.renew': CallDetails;
  'storage.release': CallDetails;
  'storage.read': CallDetails;
  'storage.leave': CallDetails;
  'storage.force_release': CallDetails;
  unknown: Readonly<Record<string, unknown>>;
}

/** `abandoned`: nobody waited for the answer any more. */
type CallOutcome = 'ok' | 'error' | 'abandoned';

/** How each type of event can end. */
export interface EventOutcomes {
  'lock.create': 'ok';
  lock: ReleaseReason | Exclude<AcquireOutcome, 'acquired'>;
  'lock.acquire': AcquireOutcome;
  'lease.renew': RenewOutcome;
  'lease.lost': 'lost';
  'lock.release': 'released' | 'stale' | 'error';
  'fence.rejected': 'rejected';
  'lock.rollback': CallOutcome;
  'lock.inspect': CallOutcome;
  'lock.force_release': 'forced' | 'not_held' | 'error';
  'storage.acquire': CallOutcome;
  'storage.renew': CallOutcome;
  'storage.release': CallOutcome;
  'storage.read': CallOutcome;
  'storage.leave': CallOutcome;
  'storage.force_release': CallOutcome;
  unknown: string;
}

/** The name of an operation that is told as an event. The same string in code, metrics, spans and dashboards. */
export type EventType = keyof EventDetails;

/** What the catalogue says of a type of event. */
export interface EventTypeDefinition {
  readonly brief: string;
  /** `event_type` of the original Go family on the wire: 1 create, 2 lock, 3 unlock, 4 watchdog, 0 unknown. */
  readonly originalCode: 0 | 1 | 2 | 3 | 4;
  /** The type of the parent; absent for roots. */
  readonly parent?: EventType | readonly EventType[];
}

/** Every type of event with one sentence each: what the reference tables are made from. */
export const eventTypes: Readonly<Record<EventType, EventTypeDefinition>> = {
  'lock.create': { brief: 'A lock, or a class of locks, was declared with these options.', originalCode: 1 },
  lock: { brief: 'One possession of a lock, from the request to the release or the loss.', originalCode: 2 },
  'lock.acquire': { brief: 'Getting the lock, waiting included.', originalCode: 2, parent: 'lock' },
  'lease.renew': { brief: 'The watchdog asked the storage for more time.', originalCode: 4, parent: 'lock' },
  'lease.lost': { brief: 'The holder no longer has the lock, and why.', originalCode: 4, parent: 'lock' },
  'lock.release': { brief: 'Giving the lock back.', originalCode: 3, parent: 'lock' },
  'fence.rejected': {
    brief: 'What a lock protects refused a write because of its token: another holder came later.',
    originalCode: 0,
  },
  'lock.rollback': {
    brief: 'What was left of an acquire was cleaned away: a grant that came too late, a place among the waiters.',
    originalCode: 3,
  },
  'lock.inspect': { brief: 'Somebody asked who holds a lock.', originalCode: 0 },
  'lock.force_release': { brief: 'Somebody took the lock away from its holder.', originalCode: 3 },
  'storage.acquire': { brief: 'One atomic acquire in the storage.', originalCode: 2, parent: 'lock.acquire' },
  'storage.renew': { brief: 'One atomic renewal in the storage.', originalCode: 4, parent: 'lease.renew' },
  'storage.release': {
    brief: 'One atomic release in the storage.',
    originalCode: 3,
    parent: ['lock.release', 'lock.rollback'],
  },
  'storage.read': { brief: 'The storage was asked for one record.', originalCode: 0, parent: 'lock.inspect' },
  'storage.leave': { brief: 'A waiter was taken off the record.', originalCode: 2, parent: 'lock.rollback' },
  'storage.force_release': {
    brief: 'One atomic forced release in the storage.',
    originalCode: 3,
    parent: 'lock.force_release',
  },
  unknown: { brief: 'An operation that another system recorded without saying which.', originalCode: 0 },
};

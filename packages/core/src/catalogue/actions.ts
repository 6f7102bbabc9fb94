import type { Blocker } from '../event.ts';
import type { LossEvidence } from './event-types.ts';
import type { AttemptResult, RiskCause } from './values.ts';

/** How one node voted, where the storage is made of several. */
export interface NodeVote {
  /** Which one, few-valued: `redis-1`. */
  readonly node: string;
  /** `failed`: its outcome is unknown. `late`: it had not answered when the vote was over. */
  readonly vote: 'granted' | 'refused' | 'failed' | 'late';
  /** From the question to its answer, or to the end of the vote. */
  readonly ms: number;
  readonly problem?: string;
}

/** What each action carries. */
export interface ActionPayloads {
  'acquire.attempt': {
    /** Counted from 1. Attempts 1, 2, 4, 8, ... are recorded, the event's details count them all. */
    readonly attempt: number;
    readonly result: AttemptResult;
    /** How each node voted, where the storage is made of several. */
    readonly votes?: readonly NodeVote[];
  };
  'acquire.contended': {
    readonly blocker: Blocker;
    readonly queueDepth?: number;
    /** Where the lock was asked for: a stack, where the locks were told to keep it. */
    readonly callSite?: string;
  };
  'acquire.blocker_changed': { readonly previous: Blocker; readonly blocker: Blocker; readonly queueDepth?: number };
  'acquire.waiting': { readonly waitedMs: number; readonly blocker: Blocker; readonly queueDepth?: number };
  'acquire.handed_over': {
    /** How the waiter learned that it was its turn. */
    readonly via: 'local' | 'notified' | 'polled';
    /** For how long nobody had the lock, where the storage says when it was released. */
    readonly handoffMs?: number;
  };
  'acquire.taken_over': {
    /** The owner whose lease had run out. */
    readonly ownerId: string;
    readonly fencingToken: number;
    readonly overdueMs: number;
  };
  'lock.reentered': { readonly depth: number };
  'lock.depth_released': { readonly depth: number };
  'lease.suspect': { readonly failures: number; readonly remainingMs: number };
  'lease.recovered': { readonly failures: number };
  'lease.at_risk': {
    readonly cause: RiskCause;
    /** What is left of the lease, in milliseconds; where a renewal just came in time: what was left before it. */
    readonly remainingMs: number;
    /** Part of the lease that had passed: 1 is too late. */
    readonly utilization: number;
    readonly evidence: LossEvidence;
  };
}

/** The name of a step inside an event. */
export type ActionName = keyof ActionPayloads;

/** Every action with one sentence each: what the reference tables are made from. */
export const actions: Readonly<Record<ActionName, { readonly brief: string; readonly of: string }>> = {
  'acquire.attempt': { brief: 'One question to the storage, and its answer.', of: 'lock.acquire' },
  'acquire.contended': { brief: 'First sight of the holder that stands in the way.', of: 'lock.acquire' },
  'acquire.blocker_changed': { brief: 'Another owner got the lock meanwhile.', of: 'lock.acquire' },
  'acquire.waiting': { brief: 'Still waiting: after 1 s, then twice as long each time.', of: 'lock.acquire' },
  'acquire.handed_over': { brief: 'The wait is over, and how the waiter learned it.', of: 'lock.acquire' },
  'acquire.taken_over': { brief: "The previous holder's lease had run out.", of: 'lock.acquire' },
  'lock.reentered': { brief: 'The owner acquired the lock again.', of: 'lock' },
  'lock.depth_released': { brief: 'One of several acquires of the same owner was released.', of: 'lock' },
  'lease.suspect': { brief: 'A renewal failed; the lease is not over yet.', of: 'lock' },
  'lease.recovered': { brief: 'A renewal succeeded after failures.', of: 'lock' },
  'lease.at_risk': { brief: 'The lease came close to its end, and why.', of: 'lock' },
};

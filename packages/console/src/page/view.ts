/** What the page is told, as JSON. All moments are epoch milliseconds, all lengths milliseconds. */
export interface View {
  /** When this was said, by the console's clock. */
  readonly now: number;
  /** Ask for what is newer than this next time. */
  readonly revision: number;
  /** True when this is all there is; false when it adds to what was said before. */
  readonly full: boolean;
  readonly title: string;
  readonly links: readonly PageLink[];
  readonly totals: Totals;
  /** Every process that is known, first come first. */
  readonly processes: readonly ProcessView[];
  /** Every lock that was used in the last minute, in the order of the keys. */
  readonly locks: readonly LockView[];
  /** Possessions and waits of the last minute that are new or have changed. */
  readonly spans: readonly SpanView[];
  /** Losses since the revision that was asked for, oldest first. */
  readonly losses: readonly LossView[];
  /** What happened since the revision that was asked for, oldest first. */
  readonly notes: readonly NoteView[];
}

/** A page that the host serves beside the live one. */
export interface PageLink {
  readonly path: string;
  readonly label: string;
}

/** Counts since the console was made, and what is so now. */
export interface Totals {
  readonly held: number;
  readonly waiting: number;
  readonly acquires: number;
  /** Acquires that had to wait first. */
  readonly contended: number;
  /** Grants of the last ten seconds, for each second. */
  readonly acquiresPerSecond: number;
  /** Acquires that gave up: out of time, aborted, deadlock. */
  readonly gaveUp: number;
  readonly losses: number;
  /** Grants of a lock whose lease had run out. */
  readonly takeOvers: number;
  /** The wait that lasts longest now. */
  readonly longestWait: WaiterView | undefined;
  /** The longest wait that has ended. */
  readonly longestWaitEver: PastWait | undefined;
  /** Messages that were told. */
  readonly events: number;
  /** Messages that were no events. */
  readonly malformed: number;
  /** Messages that processes had to drop, as far as the host told. */
  readonly missed: number;
  /** Possessions and waits that are not shown because a bound was reached. */
  readonly notShown: number;
}

/** A process that tells of its locks. */
export interface ProcessView {
  readonly name: string;
  readonly pid?: number;
  readonly about?: string;
  /** Which of the colours it has, from 0. */
  readonly colour: number;
  /** Why it is gone; absent while it runs. */
  readonly gone?: string;
  readonly goneAt?: number;
}

/** One lock now. */
export interface LockView {
  readonly key: string;
  readonly name: string;
  readonly holder?: HolderView;
  /** Those who have lost it to the holder and do not know yet: for them mutual exclusion is broken. */
  readonly believers: readonly { readonly process: string; readonly token?: number }[];
  /** Those who wait, longest first; at most eight. */
  readonly waiters: readonly WaiterView[];
  /** How many wait, shown or not. */
  readonly waiting: number;
  /** How long a possession should take at most, where it was declared. */
  readonly expectedHoldMs?: number;
}

export interface HolderView {
  readonly process: string;
  readonly operation?: string;
  readonly token?: number;
  readonly since: number;
  readonly leaseEnd?: number;
  /** A renewal failed and none has succeeded since. */
  readonly suspect?: true;
  /** Why its process is gone. */
  readonly gone?: string;
}

export interface WaiterView {
  readonly key: string;
  readonly process: string;
  readonly operation?: string;
  readonly since: number;
  readonly blocker?: BlockerView;
}

/** Who stands in the way. */
export interface BlockerView {
  /** The process, where it is one that tells this console of its locks. */
  readonly process?: string;
  readonly operation?: string;
  readonly token?: number;
  /** A word for it when nothing better is known. */
  readonly label: string;
}

export interface PastWait {
  readonly key: string;
  readonly process: string;
  readonly operation?: string;
  readonly ms: number;
  readonly blocker?: BlockerView;
}

/** One bar of the timeline. */
export type SpanView = HoldView | WaitView;

interface Bar {
  readonly id: number;
  readonly key: string;
  readonly process: string;
  readonly operation?: string;
  readonly from: number;
  /** Absent while it lasts. */
  readonly to?: number;
}

export interface HoldView extends Bar {
  readonly kind: 'hold';
  readonly token?: number;
  /** How it ended; `expired`: its process was gone and the lease ran out. */
  readonly end?: 'released' | 'lost' | 'expired' | 'failed';
  /** From when on it was held in good faith only. */
  readonly overFrom?: number;
  /** From when on there was nobody to give it back: its process was gone. */
  readonly goneAt?: number;
}

export interface WaitView extends Bar {
  readonly kind: 'wait';
  readonly outcome?: string;
  /** Who stood in the way from when on, oldest first; at most sixteen. */
  readonly blockers: readonly (BlockerView & { readonly at: number })[];
}

export interface LossView {
  readonly id: number;
  readonly at: number;
  readonly key: string;
  readonly process: string;
  readonly operation?: string;
  readonly token?: number;
  readonly reason: string;
  /** What that reason means, in a sentence. */
  readonly meaning: string;
  /** What is known about how it came, one short sentence each. */
  readonly evidence: readonly string[];
}

/** One line of what happened. */
export interface NoteView {
  readonly id: number;
  readonly at: number;
  readonly kind: 'held' | 'waited' | 'waits' | 'gave-up' | 'lost' | 'taken-over' | 'suspect' | 'process' | 'other';
  readonly process: string;
  readonly key?: string;
  readonly text: string;
  /** False for what goes on all the time: a lock taken at once and given back. */
  readonly notable: boolean;
}

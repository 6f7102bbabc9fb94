// For storages that keep all of a lock in one text with a revision, and change it by compare-and-set: who has it, who
// waits, and the next holder are one write.
export { claimTolerance, formatPlace, parsePlace, type Revision } from './lock-text.ts';
export {
  maxBehind,
  Place,
  tokensPerRevision,
  type Forced,
  type FreshLease,
  type Grantee,
  type Held,
  type Waiting,
} from './place.ts';
export { Turns } from './turns.ts';
export { Watchers, type Hearing } from './watchers.ts';

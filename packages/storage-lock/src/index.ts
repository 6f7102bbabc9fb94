export {
  LockAbortedError,
  LockDeadlockError,
  LockError,
  LockLostError,
  LockReleasedError,
  LockReleaseError,
  LocksClosedError,
  LockStorageError,
  LockTimeoutError,
  WatchdogError,
} from './errors.ts';
export { InvalidOptionsError } from '@lockscope/core';
export type { FenceRejection } from './fence.ts';
export { fencedHeaders, fencedSql, type Fenced, type FencedSql, type FencedSqlOptions } from './fenced.ts';
export { HeldLock, type HeldLockState } from './held-lock.ts';
export type { LeadOptions } from './lead.ts';
export { LockDefinition, type DefinitionOptions, type LockParams } from './lock-definition.ts';
export type { LockInfo } from './lock-info.ts';
export { createLocks, Locks } from './locks.ts';
export type { AcquireOptions } from './acquire-options.ts';
export { defaults, type LocksOptions } from './locks-options.ts';
export { StorageLock } from './storage-lock.ts';
export type { WatchedLease, Watchdog, WatchdogFactory } from './watchdog.ts';

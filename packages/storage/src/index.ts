export { monotoneClock, systemClock, type Clock, type Timer } from './clock.ts';
export { doctor, formatFindings, type DoctorOptions } from './doctor.ts';
export { ForeignRecordError, StorageClosedError, StorageError, type StorageErrorOptions } from './errors.ts';
export { holderLimits, maxKeyLength, parseHolder } from './holder.ts';
export type {
  AcquireRequest,
  AcquireResult,
  Companion,
  Finding,
  Granted,
  LeaseNews,
  LeaseUpdate,
  ListOptions,
  LockStorage,
  PastTurn,
  Predecessor,
  Refused,
  ReleaseResult,
  RenewRequest,
  RenewResult,
  StorageCapabilities,
} from './lock-storage.ts';
export { mostTurns } from './lock-storage.ts';
export { MemoryStorage, type MemoryStorageOptions } from './memory-storage.ts';
export { StorageOptionsError, unknownOptions } from './options-error.ts';
export type { Holder, LockRecord, LockState, WaiterRecord } from './record.ts';
export { liftVersioned, type LiftVersionedOptions } from './versioned-storage.ts';
export type { VersionedRecord, VersionedStore } from './versioned-store.ts';
export type { Vote } from './vote.ts';

export type { Case, Contract } from './case.ts';
export { FakeClock } from './fake-clock.ts';
export { storageContract } from './storage-contract.ts';
export type { StorageContractOptions, StorageFaults, StorageSetup } from './storage-contract/options.ts';
export {
  faultyStorage,
  type FaultyStorage,
  type FaultyStorageOptions,
  type StealOptions,
  type StorageOperation,
} from './faulty-storage.ts';
export { storageDoubles } from './doubles/storage-doubles.ts';
export type { StorageDouble, StorageWorld } from './doubles/storage-double.ts';

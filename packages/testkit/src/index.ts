export { brokerContract } from './broker-contract.ts';
export type { BrokerContractOptions, BrokerSetup } from './broker-contract/options.ts';
export type { BrokerDouble } from './doubles/broker-double.ts';
export { brokerDoubles } from './doubles/broker-doubles.ts';
export type { Case, Contract } from './case.ts';
export { closableContract, type ClosableVerbs } from './closable-contract.ts';
export type { ClosableContractOptions, ClosableSetup } from './closable-contract/options.ts';
export type { ClosableDouble } from './doubles/closable-double.ts';
export { closableDoubles } from './doubles/closable-doubles.ts';
export { dispatcherContract } from './dispatcher-contract.ts';
export type {
  DispatcherAbilities,
  DispatcherContractOptions,
  DispatcherDemands,
  DispatcherSetup,
} from './dispatcher-contract/options.ts';
export type { DispatcherDouble } from './doubles/dispatcher-double.ts';
export { dispatcherDoubles } from './doubles/dispatcher-doubles.ts';
export type { ListenerDouble } from './doubles/listener-double.ts';
export { listenerDoubles } from './doubles/listener-doubles.ts';
export { lockDoubles, type CapableLocks, type LockDouble } from './doubles/lock-doubles.ts';
export type { StorageDouble, StorageWorld } from './doubles/storage-double.ts';
export { storageDoubles } from './doubles/storage-doubles.ts';
export { FakeClock } from './fake-clock.ts';
export {
  faultyStorage,
  type FaultyStorage,
  type FaultyStorageOptions,
  type StealOptions,
  type StorageOperation,
} from './faulty-storage.ts';
export { describeHistory, type Told } from './history.ts';
export { listenerContract } from './listener-contract.ts';
export type { ListenerContractOptions, ListenerSetup } from './listener-contract/options.ts';
export { lockContract } from './lock-contract.ts';
export type {
  LockAbilities,
  LockContractOptions,
  LockProcesses,
  LockSetup,
  TestableAcquireOptions,
  TestableLock,
  TestableLocks,
} from './lock-contract/options.ts';
export { Recorder, type RecorderOptions } from './recorder.ts';
export { sinkContract } from './sink-contract.ts';
export type { SinkContractOptions, SinkSetup } from './sink-contract/options.ts';
export { sinkDoubles, type SinkDouble } from './doubles/sink-doubles.ts';
export { storageContract } from './storage-contract.ts';
export type { StorageContractOptions, StorageFaults, StorageSetup } from './storage-contract/options.ts';
export { TimelineValidator, type TimelineMoment, type TimelineValidatorOptions } from './timeline-validator.ts';
export type { TimelineRule } from './timeline/breach.ts';

export type {
  AttemptError,
  DeadLetter,
  DeadLetterFilter,
  Dispatcher,
  DispatcherCloseOptions,
  DispatcherCounters,
  DispatcherHooks,
  DispatchOptions,
  DroppedEvent,
  FaultPlace,
  TopicHandler,
  EventContext,
  TopicHandlerOptions,
} from './dispatcher.ts';
export { brokerDispatcher, type BrokerDispatcherOptions } from './broker-dispatcher.ts';
export { dispatchAll, type TakesTopic } from './dispatch-all.ts';
export {
  ConcurrentModificationError,
  DispatchAllError,
  DispatcherClosedError,
  DuplicateHandlerNameError,
  TimeLimitError,
  NoDispatcherError,
  NoEventError,
  NoHandlerFoundError,
  NoTopicError,
  QueueLimitError,
  type FailedDispatch,
} from './errors.ts';
export type { Exclusive, ExclusiveLocks } from './exclusive.ts';
export { localDispatcher } from './local-dispatcher.ts';
export type { LocalDispatcherOptions } from './local-options.ts';
export { defaultRetry, type RetryPolicy } from './retry-policy.ts';
export { stableParse, stableStringify } from './stable-json.ts';

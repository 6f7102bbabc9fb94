export { bullmqDispatcher, type BullmqDispatcher } from './bullmq-dispatcher.ts';
export type { BullmqDispatcherOptions } from './bullmq-options.ts';
export { EventTooLongError, StoredEventError } from './stored-event.ts';

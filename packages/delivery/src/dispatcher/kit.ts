// What a dispatcher is made of, for those who write one on a server of their own: `@lockscope/delivery/dispatcher-kit`.
export { attempt, AttemptContext, type AbortableContext, type AttemptOptions } from './attempt.ts';
export {
  type CheckedHandler,
  checkDispatch,
  checkHandler,
  checkHooks,
  checkTopic,
  retryDelay,
  whole,
} from './checks.ts';
export { ClosingState } from './closing-state.ts';
export { type Counts, zeroCounts } from './counts.ts';
export { fits } from './dead-letter-box.ts';
export { eventIds } from './event-ids.ts';
export { Gate } from './gate.ts';
export { Postponed, postponedForMs } from './exclusive.ts';
export { removal } from './removal.ts';
export { sameEvent } from './same-event.ts';
export { tell } from './tell.ts';

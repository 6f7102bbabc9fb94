export type { Action, ActionOf, ForeignAction } from './action.ts';
export { actions, type ActionName, type ActionPayloads } from './catalogue/actions.ts';
export {
  fewValuedAttributes,
  manyValuedAttributes,
  type AttributeName,
  type FewValuedAttribute,
} from './catalogue/attributes.ts';
export {
  eventTypes,
  type AcquireOutcome,
  type EventDetails,
  type EventOutcomes,
  type EventType,
  type EventTypeDefinition,
  type LossEvidence,
  type LostReason,
} from './catalogue/event-types.ts';
export { metrics, type MetricDefinition, type MetricName } from './catalogue/metrics.ts';
export { maxErrorDepth, toEventError } from './event-error.ts';
export type { ActionTimes, EventClock, EventEnd, EventInit, OpenEvent } from './open-event.ts';
export type { Blocker, Event, EventError, EventOf, LockMode, LockSnapshot } from './event.ts';
export { ListenerSet, type ListenerSetOptions, type Removal } from './listener-set.ts';
export type { Listener, ListenerFault, ListenerInput, ListenerStats } from './listener.ts';
export { templateName } from './lock-name.ts';
export { queued, type QueuedListener, type QueuedOptions } from './queued.ts';
export { parseTraceparent, type TraceContext } from './traceparent.ts';
export { snapshot } from './snapshot.ts';
export { decodeEvent, EventFormatError } from './wire/decode.ts';
export { encodeEvent, toWire, type WireAction, type WireEvent, type WireLock } from './wire/encode.ts';

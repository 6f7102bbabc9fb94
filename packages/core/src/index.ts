export type { Action, ActionOf, ForeignAction } from './action.ts';
export { actions, type ActionName, type ActionPayloads, type NodeVote } from './catalogue/actions.ts';
export {
  fewValuedAttributes,
  manyValuedAttributes,
  type AttributeName,
  type FewValuedAttribute,
} from './catalogue/attributes.ts';
export {
  eventTypes,
  type EventDetails,
  type EventOutcomes,
  type EventType,
  type EventTypeDefinition,
  type LossEvidence,
  type WaitSegment,
} from './catalogue/event-types.ts';
export {
  acquireOutcomes,
  attemptResults,
  lockModes,
  lostReasons,
  pseudoBlockers,
  releaseReasons,
  renewOutcomes,
  riskCauses,
  waitSegmentKinds,
  type AcquireOutcome,
  type AttemptResult,
  type LockMode,
  type LostReason,
  type ReleaseReason,
  type RenewOutcome,
  type RiskCause,
  type WaitSegmentKind,
} from './catalogue/values.ts';
export { metrics, type MetricDefinition, type MetricName } from './catalogue/metrics.ts';
export { maxErrorDepth, toEventError } from './event-error.ts';
export { FewValues, maxValueLength, otherValue, type FewValuesHooks } from './few-values.ts';
export { InvalidOptionsError } from './invalid-options-error.ts';
export type { ActionTimes, EventClock, EventEnd, EventInit, OpenEvent } from './open-event.ts';
export type { Blocker, Event, EventError, EventOf, LockSnapshot } from './event.ts';
export { ListenerSet, type ListenerSetOptions } from './listener-set.ts';
export { registerListener } from './registered-listeners.ts';
export type { Removal } from './removal.ts';
export type { Listener, ListenerFault, ListenerInput, ListenerStats } from './listener.ts';
export { templateName } from './lock-name.ts';
export { queued, type QueuedListener, type QueuedOptions } from './queued.ts';
export { unknownOptions } from './unknown-options.ts';
export { isTraceparent, parseTraceparent, type TraceContext } from './traceparent.ts';
export { snapshot } from './snapshot.ts';
export { decodeEvent, EventFormatError } from './wire/decode.ts';
export { encodeEvent, toWire, type WireAction, type WireEvent, type WireLock } from './wire/encode.ts';

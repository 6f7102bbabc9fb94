export type {
  Broker,
  BrokerCapabilities,
  Delivery,
  DeliveryHandler,
  From,
  Position,
  Published,
  PublishOptions,
  Reply,
  ReplyInput,
  RequestDelivery,
  BrokerRequestOptions,
  Responder,
  RespondOptions,
  SubscribeOptions,
  Subscription,
  SubscriptionStats,
} from './broker.ts';
export {
  BrokerCapabilityError,
  BrokerClosedError,
  BrokerRefusedError,
  BrokerTimeoutError,
  BrokerUnavailableError,
  EventRefusedError,
  EventsMissedError,
  HandlerTimeoutError,
  NoResponderError,
  ResponderError,
  UnansweredDeliveryError,
} from './broker-errors.ts';
export { Deliveries, type Arrival } from './deliveries.ts';
export { checkPublished, readHeaders } from './event-form.ts';
export { memoryBroker, type MemoryBrokerOptions } from './memory-broker.ts';
export { messageOf, replyOf } from './memory-requests.ts';
export { openSubscription, type SubscriptionParts } from './open-subscription.ts';
export { checkSubscription, type CheckedSubscribeOptions } from './subscribe-options.ts';
export { isSubject, isSubjectPattern, subjectMatcher } from './subjects.ts';
export {
  brokerOutput,
  type BrokerOutput,
  type BrokerOutputOptions,
  type OutgoingEvent,
  type OutputDropReason,
  type OutputStats,
} from './broker-output.ts';
export { brokerListener, type BrokerListener, type BrokerListenerOptions } from './broker-listener.ts';
export { lockEvents, type CollectedEvent, type LockEvents, type LockEventsOptions } from './lock-events.ts';
export {
  publishMessage,
  subscribeMessages,
  type MessageSchemas,
  type MessagesOf,
  type MessageSubscription,
  type SubscribeMessagesOptions,
} from './messages.ts';
export { MessageRejectedError } from './message-rejected-error.ts';
export type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema.ts';
export { bridge, type Bridge, type BridgeIn, type BridgeOptions, type BridgeOut } from './bridge.ts';
export { relayOutbox, type OutboxEntry, type OutboxRelay, type OutboxStore, type RelayOptions } from './outbox.ts';
export { idempotent, memorySeen, type SeenStore } from './idempotent.ts';

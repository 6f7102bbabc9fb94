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

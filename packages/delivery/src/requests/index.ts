export {
  type Consumer,
  type ReceiveOptions,
  type ServedEvent,
  type ServeHandlers,
  type ServeOptions,
} from './consumer.ts';
export { Driver } from './driver.ts';
export type { DriverEvent, DriverEventOf, NameOf, PayloadOf, ReplyOf, ReplyOutcome } from './driver-event.ts';
export type { DriverOptions, DriverStats } from './driver-options.ts';
export type { Asking, Producer, DriverRequestOptions, DriverSendOptions } from './producer.ts';
export {
  DriverClosedError,
  ReplyRefusedError,
  RequestTimeoutError,
  UnhandledEventError,
  type RefusalReason,
  type RequestPhase,
} from './request-errors.ts';

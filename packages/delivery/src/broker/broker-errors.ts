import { DeliveryError } from '../delivery-error.ts';

/** The broker was closed by this program. */
export class BrokerClosedError extends DeliveryError {
  readonly code = 'BROKER_CLOSED';
  readonly broker: string;

  constructor(broker: string) {
    super(`the broker ${broker} is closed`);
    this.broker = broker;
  }
}

/** The broker cannot be reached, or did not answer in time. What was asked of it may have happened or not. */
export class BrokerUnavailableError extends DeliveryError {
  readonly code = 'BROKER_UNAVAILABLE';
  readonly broker: string;
  readonly operation: string;

  constructor(broker: string, operation: string, problem: string, options?: ErrorOptions) {
    super(`${broker}: ${operation}: ${problem}`, options);
    this.broker = broker;
    this.operation = operation;
  }
}

/** The broker answered, and refused. Trying again is of no use before somebody has changed something. */
export class BrokerRefusedError extends DeliveryError {
  readonly code = 'BROKER_REFUSED';
  readonly broker: string;
  readonly operation: string;

  constructor(broker: string, operation: string, problem: string, options?: ErrorOptions) {
    super(`${broker}: ${operation}: ${problem}`, options);
    this.broker = broker;
    this.operation = operation;
  }
}

/** An event that no broker takes: its subject, its headers or its size. `problems` has all that is wrong. */
export class EventRefusedError extends DeliveryError {
  readonly code = 'EVENT_REFUSED';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.problems = problems;
  }
}

/** This broker cannot do that; see its `capabilities`. */
export class BrokerCapabilityError extends DeliveryError {
  readonly code = 'BROKER_CAPABILITY';
  readonly broker: string;
  readonly capability: string;

  constructor(broker: string, capability: string) {
    super(`the broker ${broker} has no ${capability}`);
    this.broker = broker;
    this.capability = capability;
  }
}

/** Nobody responds to the subject of a request. */
export class NoResponderError extends DeliveryError {
  readonly code = 'NO_RESPONDER';
  readonly subject: string;

  constructor(subject: string, options?: ErrorOptions) {
    super(`nobody responds to ${subject}`, options);
    this.subject = subject;
  }
}

/** A request was not answered in time. */
export class BrokerTimeoutError extends DeliveryError {
  readonly code = 'BROKER_TIMEOUT';
  readonly subject: string;
  readonly timeoutMs: number;

  constructor(subject: string, timeoutMs: number, options?: ErrorOptions) {
    super(`nobody answered the request to ${subject} within ${timeoutMs} ms`, options);
    this.subject = subject;
    this.timeoutMs = timeoutMs;
  }
}

/** Whoever answered a request failed; the message is what it said. */
export class ResponderError extends DeliveryError {
  readonly code = 'RESPONDER_FAILED';
  readonly subject: string;

  constructor(subject: string, message: string) {
    super(message);
    this.subject = subject;
  }
}

/** A handler took longer than its limit. */
export class HandlerTimeoutError extends DeliveryError {
  readonly code = 'HANDLER_TIMEOUT';
  readonly timeoutMs: number;

  constructor(timeoutMs: number) {
    super(`the handler did not settle within ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}

/** An event was handed over as often as it may be, and nobody said what became of it: each time its process died, or stood still. */
export class UnansweredDeliveryError extends DeliveryError {
  readonly code = 'UNANSWERED';
  readonly deliveries: number;

  constructor(deliveries: number) {
    super(`it was handed over ${deliveries} times, and nobody said what became of it`);
    this.deliveries = deliveries;
  }
}

/**
 * Between a position and the oldest event that the broker still has, events were thrown away: there were more than it
 * keeps, or they were too old. The subscription goes on with the oldest. Told to `onError`.
 */
export class EventsMissedError extends DeliveryError {
  readonly code = 'EVENTS_MISSED';
  readonly broker: string;
  /** The last position that was seen, or the one that was asked for. */
  readonly after: string;

  constructor(broker: string, after: string) {
    super(`${broker}: events after ${after} are not there any more`);
    this.broker = broker;
    this.after = after;
  }
}

import { DeliveryError } from '../delivery-error.ts';

/** Something was asked of a driver that is closed, or the close gave it up. */
export class DriverClosedError extends DeliveryError {
  readonly code = 'DRIVER_CLOSED';

  constructor() {
    super('the driver is closed');
  }
}

/** How far a request had come: waiting for room, in the queue, with a consumer, or being worked on. */
export type RequestPhase = 'waiting' | 'queued' | 'taken' | 'working';

/** Nobody answered a request within its limit. What works on it is told by its signal, and its answer is refused. */
export class RequestTimeoutError extends DeliveryError {
  readonly code = 'REQUEST_TIMEOUT';
  /** The name of the event. */
  readonly event: string;
  readonly timeoutMs: number;
  readonly phase: RequestPhase;

  constructor(event: string, timeoutMs: number, phase: RequestPhase) {
    super(`no answer to "${event}" within ${timeoutMs} ms: it was ${phase}`);
    this.event = event;
    this.timeoutMs = timeoutMs;
    this.phase = phase;
  }
}

/**
 * Why an answer was refused: the event wants none (`one_way`), it has one or somebody is at work on one (`twice`), its
 * requester's time is over (`timed_out`), its requester left (`aborted`), or a close gave it up (`closed`).
 */
export type RefusalReason = 'one_way' | 'twice' | 'timed_out' | 'aborted' | 'closed';

const why: Readonly<Record<RefusalReason, string>> = {
  one_way: 'nobody asked for one',
  twice: 'it has one, or somebody is at work on one',
  timed_out: 'the time of who asked is over',
  aborted: 'who asked does not wait any more',
  closed: 'the driver was closed',
};

/** An answer that nobody gets. */
export class ReplyRefusedError extends DeliveryError {
  readonly code = 'REPLY_REFUSED';
  /** The name of the event. */
  readonly event: string;
  readonly reason: RefusalReason;

  constructor(event: string, reason: RefusalReason) {
    super(`no answer to "${event}" is taken: ${why[reason]}`);
    this.event = event;
    this.reason = reason;
  }
}

/** `serve` got an event for which it has no handler. */
export class UnhandledEventError extends DeliveryError {
  readonly code = 'UNHANDLED_EVENT';
  /** The name of the event. */
  readonly event: string;

  constructor(event: string) {
    super(`there is no handler for "${event}"`);
    this.event = event;
  }
}

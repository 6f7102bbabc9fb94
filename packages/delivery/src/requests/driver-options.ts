import type { DriverEvent } from './driver-event.ts';
import type { ReplyRefusedError } from './request-errors.ts';

/** Options of a `Driver`. */
export interface DriverOptions {
  /**
   * How many events may wait to be taken. Who calls when it is full waits for room; how many do has no bound, because each
   * of them can wait. Default 1,000.
   */
  readonly capacity?: number | undefined;
  /** How long a request may take that says nothing else, in milliseconds; `Infinity` for ever. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Told of every answer that nobody gets: too late, twice, to a one-way event. Default: in the outcome, and counted. */
  readonly onRefused?: ((error: ReplyRefusedError, event: DriverEvent) => void) | undefined;
  /** Told of every fault in `serve` that no requester is told of: those of one-way events. Default: only counted. */
  readonly onError?: ((error: unknown, event: DriverEvent) => void) | undefined;
  /** Told of every event that a close gave up before anybody took it. Default: only counted. */
  readonly onDrop?: ((event: DriverEvent) => void) | undefined;
}

/** What a driver has counted since it was made. */
export interface DriverStats {
  /** One-way events that were taken in. */
  readonly sent: number;
  /** Requests: those that are `pending`, and those that were replied, failed, timed out, aborted or given up. */
  readonly requested: number;
  /** Events that consumers took. */
  readonly taken: number;
  readonly replied: number;
  /** Requests that were answered with an error. */
  readonly failed: number;
  readonly timedOut: number;
  /** Requests whose requester left. */
  readonly aborted: number;
  /** Requests that a close gave up. */
  readonly givenUp: number;
  /** Answers that nobody got. */
  readonly refusedReplies: number;
  /** Faults in `serve` that no requester was told of. */
  readonly faults: number;
  /** Events that a close gave up before anybody took them. */
  readonly dropped: number;
  /** Faults of the hooks. */
  readonly hookFaults: number;
  /** Requests without an answer now. */
  readonly pending: number;
}

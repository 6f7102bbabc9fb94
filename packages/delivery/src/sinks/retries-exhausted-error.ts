import { DeliveryError } from '../delivery-error.ts';

/** An event was given up after so many attempts; what the last one met is the `cause`. */
export class RetriesExhaustedError extends DeliveryError {
  readonly code = 'RETRIES_EXHAUSTED';
  /** Attempts that were made. */
  readonly attempts: number;
  /** For those before this sink: they need not try again. */
  readonly retryable = false;

  constructor(attempts: number, cause: unknown) {
    super(`the event was given up after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`, { cause });
    this.attempts = attempts;
  }
}

import { DeliveryError } from '../delivery-error.ts';

/** A write to a sink that was closed. Trying again is of no use. */
export class SinkClosedError extends DeliveryError {
  readonly code = 'SINK_CLOSED';

  constructor() {
    super('the sink is closed');
  }
}

/** True for a {@link SinkClosedError} of this or any other copy of this package, from any realm. */
export function isSinkClosed(error: unknown): error is SinkClosedError {
  return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === 'SINK_CLOSED';
}

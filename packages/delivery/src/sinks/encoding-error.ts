import { DeliveryError } from '../delivery-error.ts';

/** An event could not be put into words. Another attempt would end in the same way. */
export class EncodingError extends DeliveryError {
  readonly code = 'ENCODING_FAILED';
  readonly retryable = false;

  constructor(message: string, options?: ErrorOptions) {
    super(`the event cannot be written: ${message}`, options);
  }
}

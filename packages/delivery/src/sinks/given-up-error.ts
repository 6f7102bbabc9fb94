import { DeliveryError } from '../delivery-error.ts';

/** An event was accepted, and not delivered when a close came to its deadline or a reader left. */
export class GivenUpError extends DeliveryError {
  readonly code = 'GIVEN_UP';

  constructor() {
    super('the event was given up: it was not delivered when its sink was closed');
  }
}

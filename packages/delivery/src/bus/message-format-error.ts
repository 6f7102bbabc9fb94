import { DeliveryError } from '../delivery-error.ts';

/** What was read is no message, or what was to be written cannot be. `field` names the part that is wrong. */
export class MessageFormatError extends DeliveryError {
  readonly code = 'MESSAGE_FORMAT';
  readonly field: string;

  constructor(field: string, problem: string, options?: ErrorOptions) {
    super(`not a message: ${field} ${problem}`, options);
    this.field = field;
  }
}

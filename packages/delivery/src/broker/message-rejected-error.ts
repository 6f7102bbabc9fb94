import { DeliveryError } from '../delivery-error.ts';

/** A message from outside that is not taken. */
export class MessageRejectedError extends DeliveryError {
  readonly code = 'MESSAGE_REJECTED';
  /** It is no message, its type is unknown, or its data do not fit their schema. */
  readonly reason: 'format' | 'type' | 'data';
  readonly type: string | undefined;

  constructor(
    reason: MessageRejectedError['reason'],
    problem: string,
    options: ErrorOptions & { readonly type?: string } = {},
  ) {
    super(problem, options);
    this.reason = reason;
    this.type = options.type;
  }
}

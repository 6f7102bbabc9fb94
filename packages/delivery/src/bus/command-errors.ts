import { DeliveryError } from '../delivery-error.ts';

/** A command was dispatched that nobody carries out. */
export class NoHandlerError extends DeliveryError {
  readonly code = 'NO_HANDLER';
  readonly type: string;

  constructor(type: string) {
    super(`The command bus does not have a handler for commands of type: ${type}`);
    this.type = type;
  }
}

/** A command has a handler already, and must have exactly one. */
export class DuplicateHandlerError extends DeliveryError {
  readonly code = 'DUPLICATE_HANDLER';
  readonly type: string;

  constructor(type: string) {
    super(`Duplicate command handler registration with command bus for command of type: ${type}`);
    this.type = type;
  }
}

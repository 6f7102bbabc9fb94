import { DeliveryError } from '../delivery-error.ts';

/** Something was asked of a bus that is closed. */
export class BusClosedError extends DeliveryError {
  readonly code = 'BUS_CLOSED';

  constructor() {
    super('the bus is closed');
  }
}

/** Something was asked of a command dispatcher that is closed. */
export class CommandsClosedError extends DeliveryError {
  readonly code = 'COMMANDS_CLOSED';

  constructor() {
    super('the command dispatcher is closed');
  }
}

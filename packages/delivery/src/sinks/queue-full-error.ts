import { DeliveryError } from '../delivery-error.ts';

/** There was no room for an event. */
export class QueueFullError extends DeliveryError {
  readonly code = 'QUEUE_FULL';
  /** How many events there is room for. */
  readonly maxSize: number;

  constructor(maxSize: number) {
    super(`the queue is full: it has room for ${maxSize} events`);
    this.maxSize = maxSize;
  }
}

import { DeliveryError } from '../delivery-error.ts';

/** A filter could not say whether an event is wanted: what its predicate threw is the `cause`. */
export class PredicateError extends DeliveryError {
  readonly code = 'PREDICATE_FAILED';

  constructor(cause: unknown) {
    super('the predicate of a filter failed', { cause });
  }
}

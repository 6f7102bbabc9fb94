import { DeliveryError, stableParse, stableStringify } from '@lockscope/delivery';

/** What a job holds. */
export interface StoredEvent {
  readonly id: string;
  /** As `stableStringify` writes it. */
  readonly event: string;
}

/** An event is longer than `maxEventLength` allows. */
export class EventTooLongError extends DeliveryError {
  readonly code = 'EVENT_TOO_LONG';
  readonly length: number;
  readonly limit: number;

  constructor(length: number, limit: number) {
    super(`the event has ${length} characters, ${limit} are allowed`);
    this.length = length;
    this.limit = limit;
  }
}

/** What is stored is no event of a dispatcher. */
export class StoredEventError extends DeliveryError {
  readonly code = 'STORED_EVENT';

  constructor(options?: ErrorOptions) {
    super('what is stored is no event', options);
  }
}

/** Throws an `EventTooLongError`, or a `TypeError` for what cannot be written. */
export function storedEvent(id: string, event: unknown, limit: number): StoredEvent {
  const text = stableStringify(event);
  if (text.length > limit) throw new EventTooLongError(text.length, limit);
  return { id, event: text };
}

/** What others may have written is read with care. */
export function readStored(data: unknown, limit: number): { readonly id: string; readonly event: unknown } {
  const { id, event } = (typeof data === 'object' && data !== null ? data : {}) as Partial<StoredEvent>;
  if (typeof id !== 'string' || typeof event !== 'string') throw new StoredEventError();
  if (event.length > limit) throw new EventTooLongError(event.length, limit);
  try {
    return { id, event: stableParse(event) };
  } catch (cause) {
    throw new StoredEventError({ cause });
  }
}

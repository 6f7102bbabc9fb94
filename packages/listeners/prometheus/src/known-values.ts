import { eventTypes, type AcquireOutcome, type EventType } from '@lockscope/core';

/**
 * How an acquire can end, and whether it can end so with somebody else having had the lock, or without: one that would
 * wait for its own owner is ended before it waits.
 */
export const acquireEndings: Readonly<Record<AcquireOutcome, readonly boolean[]>> = {
  acquired: [false, true],
  not_acquired: [false, true],
  timeout: [false, true],
  aborted: [false, true],
  deadlock: [false],
  error: [false, true],
};

const storagePrefix = 'storage.';

/** From the type of a storage's event to the operation in it. */
export const storeOperations: ReadonlyMap<EventType, string> = new Map(
  (Object.keys(eventTypes) as EventType[])
    .filter((type) => type.startsWith(storagePrefix))
    .map((type) => [type, type.slice(storagePrefix.length)]),
);

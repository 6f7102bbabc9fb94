import {
  eventTypes,
  type AcquireOutcome,
  type ActionPayloads,
  type EventOutcomes,
  type EventType,
  type LockMode,
  type LostReason,
} from '@lockscope/core';

/**
 * How an acquire can end, and whether it can end so with somebody else having had the lock, or without: only a
 * deadlock takes two.
 */
export const acquireOutcomes: Readonly<Record<AcquireOutcome, readonly boolean[]>> = {
  acquired: [false, true],
  not_acquired: [false, true],
  timeout: [false, true],
  aborted: [false, true],
  deadlock: [true],
  error: [false, true],
};

type ReleaseReason = Exclude<EventOutcomes['lock'], AcquireOutcome>;

export const lockModes: readonly string[] = every<LockMode>({ exclusive: 0, shared: 0, semaphore: 0 });
export const releaseReasons: readonly string[] = every<ReleaseReason>({ released: 0, lost: 0, release_failed: 0 });
export const renewOutcomes: readonly string[] = every<EventOutcomes['lease.renew']>({
  renewed: 0,
  failed: 0,
  lost: 0,
  abandoned: 0,
});
export const attemptResults: readonly string[] = every<ActionPayloads['acquire.attempt']['result']>({
  acquired: 0,
  busy: 0,
  error: 0,
});
export const lostReasons: readonly string[] = every<LostReason>({
  expired: 0,
  stolen: 0,
  forced: 0,
  unreachable: 0,
  stalled: 0,
});

const storagePrefix = 'storage.';

/** From the type of a storage's event to the operation in it. */
export const storeOperations: ReadonlyMap<EventType, string> = new Map(
  (Object.keys(eventTypes) as EventType[])
    .filter((type) => type.startsWith(storagePrefix))
    .map((type) => [type, type.slice(storagePrefix.length)]),
);

/** The members of a union, of which the compiler lets none be forgotten. */
function every<V extends string>(members: Readonly<Record<V, 0>>): readonly V[] {
  return Object.keys(members) as V[];
}

import {
  acquireOutcomes,
  releaseReasons,
  renewOutcomes,
  type EventDetails,
  type EventOutcomes,
  type EventType,
} from '@lockscope/core';

const notAcquired = acquireOutcomes.filter((outcome) => outcome !== 'acquired');

/** How each type of event may end; undefined where any text will do. */
export const outcomesOf: { readonly [T in EventType]: readonly EventOutcomes[T][] | undefined } = {
  'lock.create': ['ok'],
  lock: [...releaseReasons, ...notAcquired],
  'lock.acquire': acquireOutcomes,
  'lease.renew': renewOutcomes,
  'lease.lost': ['lost'],
  'lock.release': ['released', 'stale', 'error'],
  'fence.rejected': ['rejected'],
  'lock.rollback': ['ok', 'error', 'abandoned'],
  'lock.inspect': ['ok', 'error', 'abandoned'],
  'lock.force_release': ['forced', 'not_held', 'error'],
  'storage.acquire': ['ok', 'error', 'abandoned'],
  'storage.renew': ['ok', 'error', 'abandoned'],
  'storage.release': ['ok', 'error', 'abandoned'],
  'storage.read': ['ok', 'error', 'abandoned'],
  'storage.leave': ['ok', 'error', 'abandoned'],
  'storage.force_release': ['ok', 'error', 'abandoned'],
  unknown: undefined,
};

/** What the details of each type must have, whenever there are details. */
export const detailsOf: { readonly [T in EventType]: readonly (keyof EventDetails[T])[] } = {
  'lock.create': ['leaseMs', 'renewEveryMs', 'reentrancy', 'scope'],
  lock: ['contended', 'waitMs', 'leaseMs', 'renewals', 'depth'],
  'lock.acquire': ['attempts', 'waitMs', 'contended'],
  'lease.renew': ['utilization', 'roundTripMs', 'failures'],
  'lease.lost': ['reason', 'fencingToken', 'evidence'],
  'lock.release': ['holdMs', 'fencingToken'],
  'fence.rejected': ['fencingToken'],
  'lock.rollback': ['reason'],
  'lock.inspect': ['found'],
  'lock.force_release': ['reason'],
  'storage.acquire': [],
  'storage.renew': [],
  'storage.release': [],
  'storage.read': [],
  'storage.leave': [],
  'storage.force_release': [],
  unknown: [],
};

/** Types of which an ended event always has details. */
export const detailed: readonly EventType[] = ['lock', 'lock.acquire', 'lease.lost', 'lock.release', 'fence.rejected'];

import type { EventDetails, EventOutcomes, EventType } from '@lockscope/core';

/** How each type of event may end; undefined where any text will do. */
export const outcomesOf: { readonly [T in EventType]: readonly EventOutcomes[T][] | undefined } = {
  'lock.create': ['ok'],
  lock: ['released', 'lost', 'release_failed', 'not_acquired', 'timeout', 'aborted', 'deadlock', 'error'],
  'lock.acquire': ['acquired', 'not_acquired', 'timeout', 'aborted', 'deadlock', 'error'],
  'lease.renew': ['renewed', 'failed', 'lost', 'abandoned'],
  'lease.lost': ['lost'],
  'lock.release': ['released', 'stale', 'error'],
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

/** How a possession that was acquired may end. */
export const possessionEnds: readonly string[] = ['released', 'lost', 'release_failed'];

/** What the details of each type must have, whenever there are details. */
export const detailsOf: { readonly [T in EventType]: readonly (keyof EventDetails[T])[] } = {
  'lock.create': ['leaseMs', 'renewEveryMs', 'reentrancy'],
  lock: ['contended', 'waitMs', 'leaseMs', 'renewals', 'depth'],
  'lock.acquire': ['attempts', 'waitMs', 'contended'],
  'lease.renew': ['utilization', 'roundTripMs', 'failures'],
  'lease.lost': ['reason', 'fencingToken', 'evidence'],
  'lock.release': ['holdMs', 'fencingToken'],
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
export const detailed: readonly EventType[] = ['lock', 'lock.acquire', 'lease.lost', 'lock.release'];

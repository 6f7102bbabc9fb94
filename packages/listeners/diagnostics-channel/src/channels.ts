import { channel, tracingChannel, type Channel, type TracingChannel } from 'node:diagnostics_channel';
import type { ActionName, EventType } from '@lockscope/core';

/** Operations with a start and an end, by the type of their event. */
export const operations: Readonly<Record<string, string>> = Object.freeze({
  lock: 'lock',
  'lock.acquire': 'acquire',
  'lease.renew': 'renew',
  'lock.release': 'release',
  'lock.force_release': 'force_release',
  'lock.inspect': 'inspect',
} satisfies Partial<Record<EventType, string>>);

/** Events that are moments, and have a channel of their own. */
export const moments: Readonly<Record<string, string>> = Object.freeze({
  'lease.lost': 'lockscope:lease:lost',
  'fence.rejected': 'lockscope:fence:rejected',
} satisfies Partial<Record<EventType, string>>);

/** Steps that somebody may want to react to. */
export const steps: Readonly<Record<string, string>> = Object.freeze({
  'acquire.contended': 'lockscope:acquire:contended',
  'acquire.blocker_changed': 'lockscope:acquire:blocker_changed',
  'acquire.waiting': 'lockscope:acquire:waiting',
  'acquire.handed_over': 'lockscope:acquire:handed_over',
  'lease.suspect': 'lockscope:lease:suspect',
  'lease.at_risk': 'lockscope:lease:at_risk',
} satisfies Partial<Record<ActionName, string>>);

/** The part of a program that `run()` runs with the lock. */
export const runName = 'lockscope:run';

/** The tracing channel of each operation, by the type of its event. */
export function tracingChannels(): ReadonlyMap<string, TracingChannel<unknown, object>> {
  return new Map(
    Object.entries(operations).map(([type, operation]) => [
      type,
      tracingChannel<unknown, object>(`lockscope:${operation}`),
    ]),
  );
}

/** A plain channel for each entry. */
export function plainChannels(names: Readonly<Record<string, string>>): ReadonlyMap<string, Channel> {
  return new Map(Object.entries(names).map(([key, name]) => [key, channel(name)]));
}

/** True when somebody hears any of it, or has bound a store to its start. */
export function isHeard({ start, end, asyncStart, asyncEnd, error }: TracingChannel<unknown, object>): boolean {
  // TracingChannel.hasSubscribers came with 20.13 and 22, and is not everywhere the same.
  return (
    start.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers
  );
}

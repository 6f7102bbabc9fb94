import type { Action } from '@lockscope/core';
import { fieldsOf, numberOf, textOf } from './fields.ts';
import type { Obstacle } from './span.ts';

const maxObstacles = 16;

/** Who stood in the way of an acquire and from when on, oldest first; the first, and the latest of the others. */
export function obstaclesOf(actions: readonly Action[]): readonly Obstacle[] {
  const seen = actions
    .filter(({ name }) => name === 'acquire.contended' || name === 'acquire.blocker_changed')
    .map(({ startedAt, payload }) => obstacle(startedAt, fieldsOf(payload)['blocker']));
  return seen.length <= maxObstacles ? seen : [...seen.slice(0, 1), ...seen.slice(1 - maxObstacles)];
}

/** The one to name when a wait is over: the last holder, rather than the moment in which the lock was handed over. */
export function lastHolder(obstacles: readonly Obstacle[]): Obstacle | undefined {
  return obstacles.findLast(({ ownerId }) => ownerId !== '_next') ?? obstacles.at(-1);
}

function obstacle(at: number, given: unknown): Obstacle {
  const { ownerId, operation, fencingToken, pid } = fieldsOf(given);
  return {
    at,
    ownerId: textOf(ownerId),
    operation: textOf(operation),
    token: numberOf(fencingToken),
    pid: numberOf(pid),
    process: undefined,
  };
}

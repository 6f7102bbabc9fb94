import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import { checkHooks, show, whole } from './checks.ts';
import type { WhenFull } from './dead-letter-box.ts';
import type { DispatcherHooks } from './dispatcher.ts';

/** Options of {@link localDispatcher}. */
export interface LocalDispatcherOptions extends DispatcherHooks {
  /** Tells dispatchers apart in errors. Default `local`. */
  readonly name?: string | undefined;
  /** How many events may be accepted and not finished, delayed ones included. Default 2,000. */
  readonly maxQueued?: number | undefined;
  /** How many of them may be of one topic. Default: as many as in all. */
  readonly maxQueuedPerTopic?: number | undefined;
  /** How many attempts of one topic may run at once. Default 200. */
  readonly parallel?: number | undefined;
  /** How many dead letters are kept. Default 1,000. */
  readonly maxDead?: number | undefined;
  /** Which dead letter goes when there is no room: the oldest (default) or the new one. It is told to `onDrop`. */
  readonly whenDeadFull?: WhenFull | undefined;
  /** Closes the dispatcher at once, as `close({ drain: 'none' })` does. */
  readonly signal?: AbortSignal | undefined;
}

/** Options, whole. */
export interface CheckedLocalOptions extends DispatcherHooks {
  readonly name: string;
  readonly maxQueued: number;
  readonly maxQueuedPerTopic: number;
  readonly parallel: number;
  readonly maxDead: number;
  readonly whenDeadFull: WhenFull;
  readonly signal: AbortSignal | undefined;
}

const known = new Set([
  'name',
  'maxQueued',
  'maxQueuedPerTopic',
  'parallel',
  'maxDead',
  'whenDeadFull',
  'signal',
  'onDead',
  'onDrop',
  'onError',
]);

/** Throws an `InvalidOptionsError` with all problems. */
export function checkLocalOptions(options: LocalDispatcherOptions): CheckedLocalOptions {
  const { name = 'local', maxQueued = 2_000, parallel = 200, maxDead = 1_000, whenDeadFull = 'drop_oldest' } = options;
  const { maxQueuedPerTopic = maxQueued, signal, onDead, onDrop, onError } = options;
  const problems = unknownOptions(options, known);
  if (typeof name !== 'string' || name === '') problems.push(`name must be a text, got ${show(name)}`);
  whole('maxQueued', maxQueued, 1, problems);
  whole('maxQueuedPerTopic', maxQueuedPerTopic, 1, problems);
  whole('parallel', parallel, 1, problems);
  whole('maxDead', maxDead, 0, problems);
  if (whenDeadFull !== 'drop_oldest' && whenDeadFull !== 'drop_newest')
    problems.push(`whenDeadFull must be drop_oldest or drop_newest, got ${String(whenDeadFull)}`);
  checkHooks(options, problems);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  const hooks = { onDead, onDrop, onError };
  return { name, maxQueued, maxQueuedPerTopic, parallel, maxDead, whenDeadFull, signal, ...hooks };
}

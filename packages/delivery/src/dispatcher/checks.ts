import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import type { DispatcherHooks, DispatchOptions, TopicHandlerOptions } from './dispatcher.ts';
import { NoEventError, NoTopicError } from './errors.ts';
import { exclusively } from './exclusive.ts';
import type { TopicHandler } from './dispatcher.ts';
import { defaultRetry, type RetryPolicy } from './retry-policy.ts';

const knownOfHandler = new Set(['name', 'retry', 'timeLimitMs', 'parallel', 'exclusive']);
const knownOfRetry = new Set(['maxAttempts', 'delayMs']);
const knownOfExclusive = new Set(['key', 'locks']);
const knownOfDispatch = new Set(['delayMs', 'at', 'id', 'signal']);
/** A longer timer would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Options and arguments of a handler, whole. */
export interface CheckedHandler<E> {
  readonly name: string | undefined;
  /** The handler, behind its lock where it has one. */
  readonly handler: TopicHandler<E>;
  readonly retry: RetryPolicy;
  readonly timeLimitMs: number | undefined;
  readonly parallel: number;
}

/** Throws a `NoTopicError` or an `InvalidOptionsError` with all problems. */
export function checkHandler<E>(
  topic: unknown,
  handler: TopicHandler<E>,
  options: TopicHandlerOptions<E>,
  parallel: number,
): CheckedHandler<E> {
  checkTopic(topic);
  const { name, timeLimitMs, exclusive } = options;
  const retry = { ...defaultRetry, ...withoutUndefined(options.retry ?? {}) };
  const own = options.parallel ?? parallel;
  const problems = [
    ...unknownOptions(options, knownOfHandler),
    ...unknownOptions(options.retry ?? {}, knownOfRetry),
    ...unknownOptions(exclusive ?? {}, knownOfExclusive),
  ];
  if (typeof handler !== 'function') problems.push(`handler must be a function, got ${typeof handler}`);
  if (name !== undefined && (typeof name !== 'string' || name === ''))
    problems.push(`name must be a text of at least one character, got ${show(name)}`);
  const { maxAttempts, delayMs } = retry;
  if (maxAttempts !== Infinity) whole('retry.maxAttempts', maxAttempts, 1, problems);
  if (typeof delayMs !== 'function') problems.push(`retry.delayMs must be a function, got ${typeof delayMs}`);
  if (timeLimitMs !== undefined && !(timeLimitMs >= 1 && timeLimitMs <= longestTimerMs))
    problems.push(`timeLimitMs must be from 1 to ${longestTimerMs}, got ${String(timeLimitMs)}`);
  whole('parallel', own, 1, problems);
  if (exclusive !== undefined) {
    if (typeof exclusive.key !== 'function')
      problems.push(`exclusive.key must be a function, got ${typeof exclusive.key}`);
    if (typeof (exclusive.locks as Partial<typeof exclusive.locks> | undefined)?.run !== 'function')
      problems.push('exclusive.locks must have a function run');
  }
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  const guarded = exclusive === undefined ? handler : exclusively(handler, exclusive);
  return { name, handler: guarded, retry, timeLimitMs, parallel: own };
}

/** Adds a problem when the value is no whole number of at least `least`. */
export function whole(name: string, value: unknown, least: number, problems: string[]): void {
  if (!Number.isSafeInteger(value) || (value as number) < least)
    problems.push(`${name} must be an integer of at least ${least}, got ${String(value)}`);
}

/** Adds a problem for each hook that is no function. */
export function checkHooks(hooks: DispatcherHooks, problems: string[]): void {
  for (const name of ['onDead', 'onDrop', 'onError'] as const) {
    if (hooks[name] !== undefined && typeof hooks[name] !== 'function')
      problems.push(`${name} must be a function, got ${typeof hooks[name]}`);
  }
}

/** Throws a `NoTopicError` when it is none. */
export function checkTopic(topic: unknown): asserts topic is string {
  if (typeof topic !== 'string' || topic === '') throw new NoTopicError();
}

/** Throws what is wrong with a dispatch; gives how long the event is held back, in milliseconds. */
export function checkDispatch(topic: unknown, event: unknown, options: DispatchOptions): number {
  checkTopic(topic);
  if (event === undefined || event === null) throw new NoEventError(topic);
  const { delayMs, at, id } = options;
  const problems = unknownOptions(options, knownOfDispatch);
  if (delayMs !== undefined && at !== undefined) problems.push('delayMs and at cannot both be given');
  if (delayMs !== undefined && !(delayMs >= 0 && delayMs <= Number.MAX_SAFE_INTEGER))
    problems.push(`delayMs must be from 0 to ${Number.MAX_SAFE_INTEGER}, got ${String(delayMs)}`);
  const time = at === undefined ? 0 : Number(at);
  if (!Number.isFinite(time)) problems.push(`at must be a date or a time in milliseconds, got ${String(at)}`);
  if (id !== undefined && (typeof id !== 'string' || id === '' || id.length > 500))
    problems.push(`id must be a text of 1 to 500 characters, got ${show(id).slice(0, 80)}`);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return at === undefined ? (delayMs ?? 0) : Math.max(0, time - Date.now());
}

/** How long to wait for the next attempt. A strategy that throws or gives nonsense is reported and counts as 0. */
export function retryDelay(retry: RetryPolicy, failedAttempts: number, faulty: (error: unknown) => void): number {
  try {
    const ms = retry.delayMs(failedAttempts);
    if (ms >= 0 && ms <= Number.MAX_SAFE_INTEGER) return ms;
    faulty(new RangeError(`retry.delayMs(${failedAttempts}) gave ${String(ms)}`));
  } catch (error) {
    faulty(error);
  }
  return 0;
}

/** Options come from JavaScript, too: their types are not what they say. */
export function show(value: unknown): string {
  return String(value);
}

function withoutUndefined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

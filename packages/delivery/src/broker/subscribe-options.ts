import { InvalidOptionsError, unknownOptions } from '@lockscope/core';
import type { DeliveryHandler, From, Responder, SubscribeOptions } from './broker.ts';
import { isSubjectPattern } from './subjects.ts';

/** The options of a subscription with their defaults. */
export interface CheckedSubscribeOptions {
  readonly group: string | undefined;
  readonly from: From;
  readonly concurrency: number;
  readonly prefetch: number;
  readonly maxPending: number;
  readonly timeoutMs: number;
  readonly ackWaitMs: number;
  readonly maxDeliveries: number;
  readonly retryDelayMs: (attempt: number) => number;
  readonly onDead: SubscribeOptions['onDead'];
  readonly onError: SubscribeOptions['onError'];
  readonly signal: AbortSignal | undefined;
}

/** Names of the options of `subscribe`. */
export const subscribeOptionNames: ReadonlySet<string> = new Set([
  'group',
  'from',
  'concurrency',
  'prefetch',
  'maxPending',
  'timeoutMs',
  'ackWaitMs',
  'maxDeliveries',
  'retryDelayMs',
  'onDead',
  'onError',
  'signal',
]);

/** A longer timer would fire at once. */
export const longestTimerMs: number = 2 ** 31 - 1;

/** For those who write a broker: fills in and checks. @throws {InvalidOptionsError} with all that is wrong. */
export function checkSubscription(
  subject: string,
  handler: DeliveryHandler | Responder,
  options: SubscribeOptions = {},
): CheckedSubscribeOptions {
  const problems = unknownOptions(options, subscribeOptionNames);
  const whole = (name: string, value: number, least: number, most: number): number => {
    if (!(Number.isSafeInteger(value) && value >= least && value <= most))
      problems.push(`${name} must be a whole number from ${least} to ${most}, got ${String(value)}`);
    return value;
  };
  if (!isSubjectPattern(subject)) problems.push(`subject must be words with dots between them, got ${String(subject)}`);
  if (typeof handler !== 'function') problems.push(`handler must be a function, got ${typeof handler}`);
  const { group, from = 'new', retryDelayMs = 1000, onDead, onError, signal } = options;
  if (group !== undefined && !/^[\w-]{1,64}$/.test(group))
    problems.push(`group must be 1 to 64 letters, digits, _ or -, got ${group}`);
  const after: unknown = typeof from === 'object' && from !== null ? from.after : undefined;
  if (from !== 'new' && from !== 'start' && !(typeof after === 'string' && after !== '' && after.length <= 64))
    problems.push(`from must be new, start or { after: position }, got ${JSON.stringify(from)}`);
  if (typeof retryDelayMs !== 'function' && !isDelay(retryDelayMs))
    problems.push(`retryDelayMs must be a function or from 0 to ${longestTimerMs}, got ${String(retryDelayMs)}`);
  for (const [name, hook] of Object.entries({ onDead, onError })) {
    if (hook !== undefined && typeof hook !== 'function')
      problems.push(`${name} must be a function, got ${typeof hook}`);
  }
  const concurrency = whole('concurrency', options.concurrency ?? 1, 1, 10_000);
  const prefetch = whole('prefetch', options.prefetch ?? 100, 1, 10_000);
  const checked = {
    group,
    from,
    concurrency,
    prefetch,
    maxPending: whole('maxPending', options.maxPending ?? Math.max(1000, concurrency + prefetch), 1, 100_000),
    timeoutMs: whole('timeoutMs', options.timeoutMs ?? 60_000, 1, longestTimerMs),
    ackWaitMs: whole('ackWaitMs', options.ackWaitMs ?? 30_000, 200, longestTimerMs),
    maxDeliveries: whole('maxDeliveries', options.maxDeliveries ?? 5, 1, 1_000_000),
    // What a function of the user gives is looked at when it is asked.
    retryDelayMs: typeof retryDelayMs === 'function' ? retryDelayMs : () => retryDelayMs,
    onDead,
    onError,
    signal,
  };
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return checked;
}

/** True for a pause that a timer can make. */
export function isDelay(ms: unknown): ms is number {
  return typeof ms === 'number' && ms >= 0 && ms <= longestTimerMs;
}

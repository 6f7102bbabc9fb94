import type { ListenerFault, ListenerInput } from '@lockscope/core';
import { holderLimits, maxKeyLength, systemClock, type Clock, type LockStorage } from '@lockscope/storage';
import { InvalidOptionsError } from './errors.ts';
import type { WatchdogFactory } from './watchdog.ts';

/** Options of `createLocks`. All durations are milliseconds. */
export interface LocksOptions {
  readonly storage: LockStorage;
  readonly listeners?: readonly ListenerInput[];
  /** Told of every fault of a listener. Default: one process warning for each listener. */
  readonly onListenerError?: (fault: ListenerFault) => void;
  /**
   * How long a holder may keep a lock without renewing. Longer survives longer pauses, shorter frees the lock sooner
   * after a crash. Default 30,000.
   */
  readonly leaseMs?: number;
  /** Time from one renewal to the next. Default a third of the lease. */
  readonly renewEveryMs?: number;
  /**
   * What must be left of the lease when a renewal is due, so that a slow or failed one can be tried again. Default the
   * larger of 1,000 and a third of the lease. Give a smaller one if you want leases under 1.5 s.
   */
  readonly marginMs?: number;
  /** How long `acquire` waits for a busy lock. `'forever'` waits until it gets it. Default 10,000. */
  readonly waitMs?: number | 'forever';
  /**
   * Where the storage cannot tell that a lock is free, the time between two questions grows from `minMs` to `maxMs`,
   * spread by a quarter so that waiters do not ask all at once. Default 5 and 100.
   */
  readonly poll?: { readonly minMs?: number; readonly maxMs?: number };
  /**
   * Who counts as the same owner when it acquires a lock that it has. `owner`: who gives the same `owner` in the
   * options. `flow`: also whatever runs inside the same `run()` or `flow()`; switches AsyncLocalStorage on, which costs
   * every promise of a Node 20 process a little. Default `owner`.
   */
  readonly reentrancy?: 'owner' | 'flow';
  /** Named in records: the service that this process belongs to. */
  readonly service?: string;
  /** Named in records, events and metrics: what this process does, when an acquire does not say. Few-valued. */
  readonly operation?: string;
  /** Replaces the built-in renewal schedule; false renews nothing, so the lock is lost when its lease is over. */
  readonly watchdog?: WatchdogFactory | false;
  /** For tests. Default: the clock of this process. */
  readonly clock?: Clock;
}

/** Options of one acquire. Durations are milliseconds; what is absent comes from the definition or `createLocks`. */
export interface AcquireOptions {
  readonly waitMs?: number | 'forever';
  readonly leaseMs?: number;
  readonly renewEveryMs?: number;
  readonly marginMs?: number;
  /** Gives up when it fires; no lock is left behind. */
  readonly signal?: AbortSignal;
  /** Who acquires. The same owner may acquire again what it has, and then has to release as often. Default: a new one. */
  readonly owner?: string;
  /** What the caller is doing, few-valued: a route, a job. */
  readonly operation?: string;
}

/** @internal Times that fit each other. */
export interface LeaseTimes {
  readonly leaseMs: number;
  readonly renewEveryMs: number;
}

/** @internal The options with everything filled in. */
export interface ResolvedLocksOptions extends LeaseTimes {
  readonly storage: LockStorage;
  readonly marginMs: number | undefined;
  readonly waitMs: number;
  readonly poll: { readonly minMs: number; readonly maxMs: number };
  readonly reentrancy: 'owner' | 'flow';
  readonly service: string | undefined;
  readonly operation: string | undefined;
  readonly watchdog: WatchdogFactory | false | undefined;
  readonly clock: Clock;
}

/** What `createLocks` does when it is not told. */
export const defaults: Readonly<{
  leaseMs: number;
  waitMs: number;
  poll: Readonly<{ minMs: number; maxMs: number }>;
  reentrancy: 'owner' | 'flow';
}> = Object.freeze({
  leaseMs: 30_000,
  waitMs: 10_000,
  poll: Object.freeze({ minMs: 5, maxMs: 100 }),
  reentrancy: 'owner',
});

/** The longest duration that a timer of Node can wait. */
const maxDurationMs = 2 ** 31 - 1;

const knownOptions = new Set([
  'storage',
  'listeners',
  'onListenerError',
  'leaseMs',
  'renewEveryMs',
  'marginMs',
  'waitMs',
  'poll',
  'reentrancy',
  'service',
  'operation',
  'watchdog',
  'clock',
]);
const knownAcquireOptions = new Set(['waitMs', 'leaseMs', 'renewEveryMs', 'marginMs', 'signal', 'owner', 'operation']);

/** @internal Fills in and checks, once; all problems in one error. */
export function resolveLocksOptions(options: LocksOptions): ResolvedLocksOptions {
  const problems: string[] = [];
  if (typeof options !== 'object' || options === null)
    throw new InvalidOptionsError(['options must be an object with a storage']);
  unknownNames(options, knownOptions, problems);
  checkStorage(options.storage, problems);
  const times = leaseTimes(options.leaseMs ?? defaults.leaseMs, options.renewEveryMs, options.marginMs, problems);
  const waitMs = resolveWait(options.waitMs ?? defaults.waitMs, problems);
  const poll = { ...defaults.poll, ...options.poll };
  checkDuration('poll.minMs', poll.minMs, problems);
  checkDuration('poll.maxMs', poll.maxMs, problems);
  if (poll.minMs > poll.maxMs)
    problems.push(`poll.minMs must be at most poll.maxMs (${poll.maxMs}), got ${poll.minMs}`);
  const reentrancy = options.reentrancy ?? defaults.reentrancy;
  if (reentrancy !== 'owner' && reentrancy !== 'flow')
    problems.push(`reentrancy must be owner or flow, got ${show(reentrancy)}`);
  const { watchdog, service, operation, clock = systemClock } = options;
  if (watchdog !== undefined && watchdog !== false && typeof watchdog !== 'function')
    problems.push(`watchdog must be a function or false, got ${show(watchdog)}`);
  checkText('service', service, holderLimits.service, problems);
  checkText('operation', operation, holderLimits.operation, problems);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return Object.freeze({
    ...times,
    storage: options.storage,
    marginMs: options.marginMs,
    waitMs,
    poll: Object.freeze(poll),
    reentrancy,
    service,
    operation,
    watchdog,
    clock,
  });
}

/** @internal The options of one acquire, over those of the locks. */
export interface ResolvedAcquire extends LeaseTimes {
  readonly waitMs: number;
  readonly operation: string | undefined;
}

/** @internal Checks a key and the options of one acquire. The usual call, without options, allocates nothing. */
export function resolveAcquire(
  key: unknown,
  options: AcquireOptions | undefined,
  base: ResolvedLocksOptions,
): ResolvedAcquire {
  if (typeof key !== 'string' || key.length === 0 || key.length > maxKeyLength)
    throw new InvalidOptionsError([describeKey(key)]);
  if (options === undefined) return base;
  const problems: string[] = [];
  unknownNames(options, knownAcquireOptions, problems);
  const { leaseMs, renewEveryMs, marginMs, waitMs, signal, owner, operation } = options;
  const ownTimes = leaseMs !== undefined || renewEveryMs !== undefined || marginMs !== undefined;
  const inherited = leaseMs === undefined ? base.renewEveryMs : undefined;
  const times = ownTimes
    ? leaseTimes(leaseMs ?? base.leaseMs, renewEveryMs ?? inherited, marginMs ?? base.marginMs, problems)
    : base;
  const wait = waitMs === undefined ? base.waitMs : resolveWait(waitMs, problems);
  checkText('owner', owner, holderLimits.ownerId, problems);
  checkText('operation', operation, holderLimits.operation, problems);
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    problems.push(`signal must be an AbortSignal, got ${show(signal)}`);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return {
    leaseMs: times.leaseMs,
    renewEveryMs: times.renewEveryMs,
    waitMs: wait,
    operation: operation ?? base.operation,
  };
}

function leaseTimes(
  leaseMs: number,
  renewEveryMs: number | undefined,
  marginMs: number | undefined,
  problems: string[],
): LeaseTimes {
  const before = problems.length;
  checkDuration('leaseMs', leaseMs, problems);
  if (renewEveryMs !== undefined) checkDuration('renewEveryMs', renewEveryMs, problems);
  if (marginMs !== undefined) checkDuration('marginMs', marginMs, problems);
  const times = { leaseMs, renewEveryMs: renewEveryMs ?? Math.max(1, Math.floor(leaseMs / 3)) };
  if (problems.length > before) return times;
  const margin = marginMs ?? Math.max(1000, leaseMs / 3);
  const left = leaseMs - times.renewEveryMs;
  if (left < margin) {
    const hint =
      marginMs === undefined
        ? 'make leaseMs longer, renewEveryMs shorter, or set marginMs'
        : 'make leaseMs longer, or renewEveryMs or marginMs shorter';
    problems.push(
      `leaseMs ${leaseMs} less renewEveryMs ${times.renewEveryMs} leaves ${left} ms for a slow renewal, which is under the margin of ${Math.ceil(margin)} ms: ${hint}`,
    );
  }
  return times;
}

function resolveWait(waitMs: unknown, problems: string[]): number {
  if (waitMs === 'forever') return Infinity;
  checkDuration('waitMs', waitMs, problems, " or 'forever'; use tryAcquire() not to wait at all");
  return waitMs as number;
}

function checkDuration(name: string, value: unknown, problems: string[], also = ''): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maxDurationMs) return;
  problems.push(`${name} must be a whole number of milliseconds from 1 to ${maxDurationMs}${also}, got ${show(value)}`);
}

function checkText(name: string, value: unknown, maxLength: number, problems: string[]): void {
  if (value === undefined || (typeof value === 'string' && value.length > 0 && value.length <= maxLength)) return;
  problems.push(`${name} must be a text of 1 to ${maxLength} characters, got ${show(value)}`);
}

function checkStorage(storage: unknown, problems: string[]): void {
  const methods = ['acquire', 'renew', 'release', 'forceRelease', 'read', 'list', 'close'] as const;
  const given = storage as Partial<Record<string, unknown>> | undefined | null;
  const missing =
    typeof given === 'object' && given !== null
      ? methods.filter((method) => typeof given[method] !== 'function')
      : methods;
  if (missing.length > 0)
    return void problems.push(`storage must be a LockStorage, got ${show(storage)} without ${missing.join(', ')}`);
  const { capabilities } = storage as LockStorage;
  if (typeof capabilities !== 'object' || capabilities === null)
    problems.push('storage must state its capabilities, got none');
  else if (capabilities.queues && typeof given?.['leave'] !== 'function')
    problems.push('storage says that it queues, but has no leave()');
  else if (capabilities.notifies && typeof given?.['watch'] !== 'function')
    problems.push('storage says that it notifies, but has no watch()');
}

function unknownNames(options: object, known: ReadonlySet<string>, problems: string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.has(name))
      problems.push(`there is no option ${JSON.stringify(name)}; known are ${[...known].join(', ')}`);
  }
}

function describeKey(key: unknown): string {
  return `a lock key must be a text of 1 to ${maxKeyLength} characters, got ${typeof key === 'string' ? `${key.length} characters` : show(key)}`;
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  return typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'an object') : String(value);
}

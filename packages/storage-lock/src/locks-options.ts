import type { ListenerFault, ListenerInput } from '@lockscope/core';
import { holderLimits, systemClock, type Clock, type LockStorage } from '@lockscope/storage';
import { InvalidOptionsError, unknownOptions } from '@lockscope/core';
import { resolveWait } from './acquire-options.ts';
import { resolveLeaseTimes, type LeaseTimes } from './lease-times.ts';
import { checkDuration, checkText, methodsMissing, show } from './option-checks.ts';
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
   * spread by a quarter so that waiters do not ask all at once. Where it queues, the first in line keeps asking every
   * `minMs` and the others every `maxMs`. Default 5 and 100.
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
  /**
   * How often in a row a lock goes from one owner of this process to the next without the storage being asked, while
   * nobody elsewhere waits for it and for 100 ms at most. 0: every change of holder goes through the storage. Default 16.
   */
  readonly localHandovers?: number;
  /**
   * Keeps for each acquire where it was called, and tells it of those that have to wait: the stack, as `callSite` of
   * `acquire.contended`. Costs a few microseconds an acquire while somebody listens. Default false.
   */
  readonly callSites?: boolean;
  /** Replaces the built-in renewal schedule; false renews nothing, so the lock is lost when its lease is over. */
  readonly watchdog?: WatchdogFactory | false;
  /** For tests. Default: the clock of this process. */
  readonly clock?: Clock;
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
  readonly share: undefined;
  readonly localHandovers: number;
  readonly callSites: boolean;
  readonly watchdog: WatchdogFactory | false | undefined;
  readonly clock: Clock;
}

/** What `createLocks` does when it is not told. */
export const defaults: Readonly<{
  leaseMs: number;
  localHandovers: number;
  waitMs: number;
  poll: Readonly<{ minMs: number; maxMs: number }>;
  reentrancy: 'owner' | 'flow';
}> = Object.freeze({
  leaseMs: 30_000,
  localHandovers: 16,
  waitMs: 10_000,
  poll: Object.freeze({ minMs: 5, maxMs: 100 }),
  reentrancy: 'owner',
});

const mostHandovers = 1000;
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
  'localHandovers',
  'callSites',
  'watchdog',
  'clock',
]);
const knownPollOptions = new Set(['minMs', 'maxMs']);

/** @internal Fills in and checks, once; all problems in one error. */
export function resolveLocksOptions(options: LocksOptions): ResolvedLocksOptions {
  if (typeof options !== 'object' || options === null)
    throw new InvalidOptionsError(['options must be an object with a storage']);
  const problems = unknownOptions(options, knownOptions);
  checkStorage(options.storage, problems);
  const { leaseMs = defaults.leaseMs, renewEveryMs, marginMs, reentrancy = defaults.reentrancy } = options;
  const times = resolveLeaseTimes(leaseMs, renewEveryMs, marginMs, problems);
  const waitMs = resolveWait(options.waitMs === undefined ? defaults.waitMs : options.waitMs, problems);
  const poll = resolvePoll(options.poll, problems);
  if (reentrancy !== 'owner' && reentrancy !== 'flow')
    problems.push(`reentrancy must be owner or flow, got ${show(reentrancy)}`);
  const { listeners, onListenerError, watchdog, service, operation, clock = systemClock } = options;
  const { localHandovers = defaults.localHandovers } = options;
  if (!(Number.isSafeInteger(localHandovers) && localHandovers >= 0 && localHandovers <= mostHandovers))
    problems.push(`localHandovers must be a whole number from 0 to ${mostHandovers}, got ${show(localHandovers)}`);
  const { callSites = false } = options;
  if (typeof callSites !== 'boolean') problems.push(`callSites must be true or false, got ${show(callSites)}`);
  checkListeners(listeners, problems);
  if (onListenerError !== undefined && typeof onListenerError !== 'function')
    problems.push(`onListenerError must be a function, got ${show(onListenerError)}`);
  if (watchdog !== undefined && watchdog !== false && typeof watchdog !== 'function')
    problems.push(`watchdog must be a function or false, got ${show(watchdog)}`);
  checkText('service', service, holderLimits.service, problems);
  checkText('operation', operation, holderLimits.operation, problems);
  const missing = methodsMissing(clock, ['now', 'monotonic', 'setTimeout', 'clearTimeout']);
  if (missing.length > 0) problems.push(`clock must be a Clock, got ${show(clock)} without ${missing.join(', ')}`);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return Object.freeze({
    ...times,
    storage: options.storage,
    marginMs,
    waitMs,
    poll,
    reentrancy,
    service,
    operation,
    share: undefined,
    localHandovers,
    callSites,
    watchdog,
    clock,
  });
}

function resolvePoll(poll: LocksOptions['poll'], problems: string[]): ResolvedLocksOptions['poll'] {
  if (poll === undefined) return defaults.poll;
  if (typeof poll !== 'object' || poll === null) {
    problems.push(`poll must be an object, got ${show(poll)}`);
    return defaults.poll;
  }
  problems.push(...unknownOptions(poll, knownPollOptions));
  const { minMs = defaults.poll.minMs, maxMs = defaults.poll.maxMs } = poll;
  const before = problems.length;
  checkDuration('poll.minMs', minMs, problems);
  checkDuration('poll.maxMs', maxMs, problems);
  if (problems.length === before && minMs > maxMs)
    problems.push(`poll.minMs must be at most poll.maxMs (${maxMs}), got ${minMs}`);
  return Object.freeze({ minMs, maxMs });
}

function checkListeners(listeners: unknown, problems: string[]): void {
  if (listeners === undefined) return;
  if (!Array.isArray(listeners)) return void problems.push(`listeners must be an array, got ${show(listeners)}`);
  listeners.forEach((listener: unknown, index) => {
    if (typeof listener === 'function') return;
    const named = typeof listener === 'object' && listener !== null && 'name' in listener;
    if (!named || typeof listener.name !== 'string')
      problems.push(`listeners[${index}] must be a function or an object with a name, got ${show(listener)}`);
  });
}

function checkStorage(storage: unknown, problems: string[]): void {
  const missing = methodsMissing(storage, ['acquire', 'renew', 'release', 'forceRelease', 'read', 'list', 'close']);
  if (missing.length > 0)
    return void problems.push(`storage must be a LockStorage, got ${show(storage)} without ${missing.join(', ')}`);
  const { capabilities } = storage as LockStorage;
  if (typeof capabilities !== 'object' || capabilities === null)
    return void problems.push('storage must state its capabilities, got none');
  if (capabilities.queues && methodsMissing(storage, ['leave']).length > 0)
    problems.push('storage says that it queues, but has no leave()');
  if (capabilities.notifies && methodsMissing(storage, ['watch']).length > 0)
    problems.push('storage says that it notifies, but has no watch()');
}

import { InvalidOptionsError, unknownOptions } from '@lockscope/core';
import { holderLimits, maxKeyLength, type LockStorage } from '@lockscope/storage';
import { resolveLeaseTimes, type LeaseTimes } from './lease-times.ts';
import type { ResolvedLocksOptions } from './locks-options.ts';
import { checkDuration, checkText, describeKey, show } from './option-checks.ts';

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
  /**
   * `shared`: together with others that share it, as readers do, while nobody has it alone. Needs a storage that can
   * (`capabilities.shares`). Default `exclusive`.
   */
  readonly mode?: 'exclusive' | 'shared';
  /** Makes it a semaphore: shared by at most so many. All who use the key should give the same number. */
  readonly limit?: number;
}

const knownAcquireOptions = new Set([
  'waitMs',
  'leaseMs',
  'renewEveryMs',
  'marginMs',
  'signal',
  'owner',
  'operation',
  'mode',
  'limit',
]);

/** @internal The options of one acquire, over those of the locks. */
export interface ResolvedAcquire extends LeaseTimes {
  readonly waitMs: number;
  readonly operation: string | undefined;
  /** Undefined: alone. */
  readonly share: number | undefined;
}

/**
 * @internal Checks a key and the options of one acquire; what was found wrong before goes into the same error. The usual
 * call, without options, allocates nothing.
 */
export function resolveAcquire(
  key: unknown,
  options: AcquireOptions | undefined,
  base: ResolvedLocksOptions,
  before?: readonly string[],
): ResolvedAcquire {
  const fits = typeof key === 'string' && key.length > 0 && key.length <= maxKeyLength;
  if (fits && options === undefined && before === undefined) return base;
  const problems = [...(before ?? [])];
  if (!fits) problems.push(describeKey(key));
  const resolved = overBase(options, base, problems);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return resolved;
}

function overBase(
  options: AcquireOptions | undefined,
  base: ResolvedLocksOptions,
  problems: string[],
): ResolvedAcquire {
  if (options === undefined) return base;
  if (typeof options !== 'object' || options === null) {
    problems.push(`options must be an object, got ${show(options)}`);
    return base;
  }
  problems.push(...unknownOptions(options, knownAcquireOptions));
  const { waitMs, signal, owner, operation } = options;
  const ownTimes = [options.leaseMs, options.renewEveryMs, options.marginMs].some((time) => time !== undefined);
  // A renewal fits its lease: the inherited one only goes with the inherited lease.
  const { leaseMs = base.leaseMs, marginMs = base.marginMs } = options;
  const { renewEveryMs = options.leaseMs === undefined ? base.renewEveryMs : undefined } = options;
  const times = ownTimes ? resolveLeaseTimes(leaseMs, renewEveryMs, marginMs, problems) : base;
  const wait = waitMs === undefined ? base.waitMs : resolveWait(waitMs, problems);
  checkText('owner', owner, holderLimits.ownerId, problems);
  checkText('operation', operation, holderLimits.operation, problems);
  if (signal !== undefined && (typeof signal?.addEventListener !== 'function' || typeof signal.aborted !== 'boolean'))
    problems.push(`signal must be an AbortSignal, got ${show(signal)}`);
  return {
    leaseMs: times.leaseMs,
    renewEveryMs: times.renewEveryMs,
    waitMs: wait,
    operation: operation ?? base.operation,
    share: resolveShare(options, base.storage, problems),
  };
}

function resolveShare({ mode, limit }: AcquireOptions, storage: LockStorage, problems: string[]): number | undefined {
  if (mode === undefined && limit === undefined) return undefined;
  if (mode !== undefined && mode !== 'exclusive' && mode !== 'shared')
    problems.push(`mode must be exclusive or shared, got ${show(mode)}`);
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 1))
    problems.push(`limit must be a whole number of at least 1, got ${show(limit)}`);
  if (mode === 'exclusive') {
    if (limit !== undefined) problems.push(`limit ${show(limit)} needs mode shared, got exclusive`);
    return undefined;
  }
  if (!storage.capabilities.shares)
    problems.push(`storage ${storage.name} has no locks that several can share, so mode and limit cannot be used`);
  return limit ?? Infinity;
}

/** @internal How long to wait; Infinity for ever. */
export function resolveWait(waitMs: unknown, problems: string[]): number {
  if (waitMs === 'forever') return Infinity;
  checkDuration('waitMs', waitMs, problems, " or 'forever'; use tryAcquire() not to wait at all");
  return waitMs as number;
}

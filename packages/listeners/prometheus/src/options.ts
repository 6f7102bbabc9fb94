import {
  InvalidOptionsError,
  lockModes,
  maxValueLength,
  metrics,
  unknownOptions,
  type EventClock,
  type LockMode,
  type MetricName,
} from '@lockscope/core';
import { register } from 'prom-client';
import type { MetricRegistry } from './metric-registry.ts';
import type { WatchedQueue } from './queue-counts.ts';

/** A lock name that is known before anything happens, so that its series are there at 0 from the start. */
export interface NameDeclaration {
  /** As in `locks.define(name)`: `orders/{id}`. At most 200 characters. */
  readonly name: string;
  /** How many holders there may be in the whole fleet; only for names that have one key. Default: not said. */
  readonly holderLimit?: number;
  /** How long a possession should take at most, in milliseconds. Default: not said. */
  readonly expectedHoldMs?: number;
  /** The kind of storage it is used on. Default: every kind, from when it is first heard of. */
  readonly system?: string;
  /** How it is held. Default `exclusive`. */
  readonly mode?: LockMode;
}

/** How many values labels may take. What comes after goes to `_other`, and is counted. */
export interface LabelCaps {
  /** Lock names. Declared ones count, but are never folded. Default 200. */
  readonly names?: number;
  /** Operations, of waiters and blockers together. Default 50. */
  readonly operations?: number;
  /** Series of blocked time over all names; beyond, both operations become `_other`. Default 1,000. */
  readonly blamePairs?: number;
  /** Pairs of lock names of which one was asked for while the other was held; beyond, both become `_other`. Default 1,000. */
  readonly orderEdges?: number;
  /** Kinds of storage. Default 10. */
  readonly systems?: number;
  /** Error codes of storages. Default 50. */
  readonly errorTypes?: number;
  /** Names of listeners that failed. Default 50. */
  readonly listeners?: number;
}

/** Options of `prometheus()`. */
export interface PrometheusOptions {
  /** Where the metrics show up; `false` for none, when only `render()` is used. Default: prom-client's `register`. */
  readonly registry?: MetricRegistry | false;
  /** Names whose series are to be there at 0 from the start. Default none. */
  readonly names?: readonly (string | NameDeclaration)[];
  readonly caps?: LabelCaps;
  /** Queues in front of listeners, of which is read at each scrape what they dropped. Default none. */
  readonly queues?: readonly WatchedQueue[];
  /** Upper bounds in place of those of the catalogue, in seconds: `{ 'lock.hold.duration': [1, 60] }`. */
  readonly buckets?: Readonly<Partial<Record<MetricName, readonly number[]>>>;
  /** What the ages of waits and holds are measured with. Default: the clock of this process. */
  readonly clock?: EventClock;
}

/** @internal */
export type ResolvedCaps = Required<LabelCaps>;

/** @internal */
export interface ResolvedOptions {
  readonly registry: MetricRegistry | undefined;
  readonly names: readonly NameDeclaration[];
  readonly caps: ResolvedCaps;
  readonly queues: readonly WatchedQueue[];
  readonly buckets: Readonly<Partial<Record<MetricName, readonly number[]>>>;
  readonly clock: EventClock;
}

const defaultCaps: ResolvedCaps = Object.freeze({
  names: 200,
  operations: 50,
  blamePairs: 1000,
  orderEdges: 1000,
  systems: 10,
  errorTypes: 50,
  listeners: 50,
});
const systemClock: EventClock = { now: () => Date.now(), monotonic: () => performance.now() };
const knownOptions = new Set(['registry', 'names', 'caps', 'queues', 'buckets', 'clock']);
const knownOfName = new Set(['name', 'system', 'mode', 'holderLimit', 'expectedHoldMs']);
const knownCaps = new Set(Object.keys(defaultCaps));

/** @internal Fills in and checks; all problems in one error. */
export function resolveOptions(options: PrometheusOptions): ResolvedOptions {
  const problems = [...unknownOptions(options, knownOptions), ...unknownOptions(options.caps ?? {}, knownCaps)];
  const { registry = register, buckets = {}, clock = systemClock } = options;
  if (registry !== false && typeof (registry as Partial<MetricRegistry> | null)?.registerMetric !== 'function') {
    problems.push('registry must be a Registry of prom-client or false');
  }
  if (typeof clock?.now !== 'function' || typeof clock.monotonic !== 'function')
    problems.push('clock must have now() and monotonic()');
  const caps = resolveCaps(options.caps ?? {}, problems);
  checkBuckets(buckets, problems);
  const names = declarations(options.names ?? [], 'names', problems);
  const queues = [...(options.queues ?? [])];
  checkQueues(queues, 'queues', problems);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return {
    registry: registry === false ? undefined : registry,
    names,
    caps,
    queues,
    buckets: copied(buckets),
    clock,
  };
}

/** @internal Throws with everything that is wrong with them. */
export function checkWatched(queues: readonly WatchedQueue[]): void {
  const problems: string[] = [];
  checkQueues(queues, 'watch', problems);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
}

function checkQueues(queues: readonly (Partial<WatchedQueue> | null)[], option: string, problems: string[]): void {
  queues.forEach((queue, index) => {
    if (!Number.isFinite(queue?.dropped) || !Number.isFinite(queue?.failed))
      problems.push(`${option}[${index}] must be a queue, as queued() makes it`);
  });
}

/** @internal The names as declarations, checked. */
export function resolveDeclarations(given: readonly (string | NameDeclaration)[]): readonly NameDeclaration[] {
  const problems: string[] = [];
  const names = declarations(given, 'declare', problems);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return names;
}

function resolveCaps(given: LabelCaps, problems: string[]): ResolvedCaps {
  const caps = { ...defaultCaps };
  for (const [name, value] of Object.entries(given) as [keyof LabelCaps, number | undefined][]) {
    if (value === undefined || !knownCaps.has(name)) continue;
    if (!Number.isSafeInteger(value) || value < 1)
      problems.push(`caps.${name} must be an integer of at least 1, got ${value}`);
    else caps[name] = value;
  }
  return caps;
}

function checkBuckets(given: NonNullable<PrometheusOptions['buckets']>, problems: string[]): void {
  for (const [metric, bounds] of Object.entries(given)) {
    const type = Object.hasOwn(metrics, metric) ? metrics[metric as MetricName].type : undefined;
    if (type !== 'histogram') problems.push(`buckets.${metric} is not a histogram of the catalogue`);
    const rising =
      Array.isArray(bounds) &&
      bounds.every((bound, index) => Number.isFinite(bound) && (index === 0 || bound > (bounds[index - 1] as number)));
    if (!rising || bounds.length === 0)
      problems.push(`buckets.${metric} must be finite numbers that rise, got ${JSON.stringify(bounds)}`);
  }
}

function copied(buckets: NonNullable<PrometheusOptions['buckets']>): ResolvedOptions['buckets'] {
  return Object.fromEntries(Object.entries(buckets).map(([metric, bounds]) => [metric, [...bounds]]));
}

function declarations(
  given: readonly (string | NameDeclaration)[],
  option: string,
  problems: string[],
): NameDeclaration[] {
  return given.map((item, index) => {
    const declaration = typeof item === 'string' ? { name: item } : { ...item };
    const at = `${option}[${index}]`;
    problems.push(...unknownOptions(declaration, knownOfName));
    const { name, system, mode, holderLimit, expectedHoldMs } = declaration;
    checkLabel(`${at}.name`, name, problems);
    if (system !== undefined) checkLabel(`${at}.system`, system, problems);
    if (mode !== undefined && !lockModes.includes(mode))
      problems.push(`${at}.mode must be one of ${lockModes.join(', ')}, got ${mode}`);
    if (holderLimit !== undefined && !(Number.isSafeInteger(holderLimit) && holderLimit >= 1)) {
      problems.push(`${at}.holderLimit must be an integer of at least 1, got ${holderLimit}`);
    }
    if (expectedHoldMs !== undefined && !(expectedHoldMs > 0 && expectedHoldMs < Infinity)) {
      problems.push(`${at}.expectedHoldMs must be above 0 and finite, got ${expectedHoldMs}`);
    }
    return declaration;
  });
}

function checkLabel(at: string, text: unknown, problems: string[]): void {
  if (typeof text !== 'string' || text === '' || text.length > maxValueLength) {
    problems.push(
      `${at} must be text of 1 to ${maxValueLength} characters, got ${typeof text === 'string' ? `${text.length}` : typeof text}`,
    );
  }
}

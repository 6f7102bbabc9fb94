import type { MeterProvider } from '@opentelemetry/api';
import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

/** A lock name of which more is known than its events say. */
export interface NameDeclaration {
  /** As in `locks.define(name)`: `orders/{id}`. At most 200 characters. */
  readonly name: string;
  /** How many holders there may be in the whole fleet; only for names that have one key. Default: not said. */
  readonly holderLimit?: number;
  /** How long a possession should take at most, in milliseconds. Default: not said. */
  readonly expectedHoldMs?: number;
}

/** How many values attributes may take. What comes after goes to `_other`, and is counted. */
export interface AttributeCaps {
  /** Lock names. Declared ones count, but are never folded. Default 200. */
  readonly names?: number;
  /** Operations, of waiters and blockers together. Default 50. */
  readonly operations?: number;
  /** Series of blocked time over all names; beyond, both operations become `_other`. Default 1,000. */
  readonly blamePairs?: number;
  /** Series of the order of names; beyond, both names become `_other`. Default 1,000. */
  readonly orderEdges?: number;
  /** Kinds of storage. Default 10. */
  readonly systems?: number;
  /** Error codes of storages. Default 50. */
  readonly errorTypes?: number;
  /** Names of listeners that failed. Default 50. */
  readonly listeners?: number;
}

/** What is read of a queue in front of a listener. `queued()` of `@lockscope/core` makes such. */
export interface CountedQueue {
  readonly name: string;
  readonly dropped: number;
  readonly failed: number;
}

/** Options of `otelMetrics()`. */
export interface OtelMetricsOptions {
  /**
   * Who makes the instruments, or a function that is asked again whenever something is told. Default: the provider that
   * is registered globally, also when that happens later.
   */
  readonly meterProvider?: MeterProvider | (() => MeterProvider);
  /** Names of which more is known, and that are there from the start. Default none. */
  readonly names?: readonly (string | NameDeclaration)[];
  readonly caps?: AttributeCaps;
  /** Queues in front of other listeners, of which is read at each collection what they dropped. Default none. */
  readonly queues?: readonly CountedQueue[];
}

/** @internal */
export interface ResolvedMetricsOptions {
  readonly meterProvider: (() => MeterProvider) | undefined;
  readonly names: readonly NameDeclaration[];
  readonly caps: Required<AttributeCaps>;
  readonly queues: readonly CountedQueue[];
}

const defaultCaps: Required<AttributeCaps> = Object.freeze({
  names: 200,
  operations: 50,
  blamePairs: 1000,
  orderEdges: 1000,
  systems: 10,
  errorTypes: 50,
  listeners: 50,
});
const knownOptions = new Set(['meterProvider', 'names', 'caps', 'queues']);
/** One list may serve both exporters: that of Prometheus also says `system` and `mode`. */
const knownOfName = new Set(['name', 'holderLimit', 'expectedHoldMs', 'system', 'mode']);
const knownCaps = new Set(Object.keys(defaultCaps));

/** @internal Fills in and checks; all problems in one error. */
export function resolveMetricsOptions(options: OtelMetricsOptions): ResolvedMetricsOptions {
  const problems = [...unknownOptions(options, knownOptions), ...unknownOptions(options.caps ?? {}, knownCaps)];
  const { meterProvider } = options;
  const asked = typeof meterProvider === 'function' ? meterProvider : meterProvider && (() => meterProvider);
  if (meterProvider !== undefined && typeof meterProvider !== 'function') {
    if (typeof meterProvider?.getMeter !== 'function') problems.push('meterProvider must have getMeter()');
  }
  const caps = resolveCaps(options.caps ?? {}, problems);
  const names = (options.names ?? []).map((given, index) => checkName(given, `names[${index}]`, problems));
  const queues = [...(options.queues ?? [])];
  queues.forEach((queue: Partial<CountedQueue> | null, index) => {
    if (!Number.isFinite(queue?.dropped) || !Number.isFinite(queue?.failed))
      problems.push(`queues[${index}] must be a queue, as queued() makes it`);
  });
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return { meterProvider: asked, names, caps, queues };
}

function resolveCaps(given: AttributeCaps, problems: string[]): Required<AttributeCaps> {
  const caps = { ...defaultCaps };
  for (const [name, value] of Object.entries(given) as [keyof AttributeCaps, number | undefined][]) {
    if (value === undefined || !knownCaps.has(name)) continue;
    if (Number.isSafeInteger(value) && value >= 1) caps[name] = value;
    else problems.push(`caps.${name} must be an integer of at least 1, got ${String(value)}`);
  }
  return caps;
}

function checkName(given: string | NameDeclaration, at: string, problems: string[]): NameDeclaration {
  const declared = typeof given === 'string' ? { name: given } : { ...given };
  problems.push(...unknownOptions(declared, knownOfName));
  const { name, holderLimit, expectedHoldMs } = declared;
  if (typeof name !== 'string' || name === '' || name.length > 200)
    problems.push(`${at}.name must be text of 1 to 200 characters`);
  if (holderLimit !== undefined && !(Number.isSafeInteger(holderLimit) && holderLimit >= 1))
    problems.push(`${at}.holderLimit must be an integer of at least 1, got ${String(holderLimit)}`);
  if (expectedHoldMs !== undefined && !(expectedHoldMs > 0 && expectedHoldMs < Infinity))
    problems.push(`${at}.expectedHoldMs must be above 0 and finite, got ${String(expectedHoldMs)}`);
  return declared;
}

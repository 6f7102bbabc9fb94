import type { TracerProvider } from '@opentelemetry/api';
import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

/** What a span says of the lock's key. */
export type KeyRedaction = 'none' | 'hash' | 'omit';

/** Options of {@link otel}. */
export interface OtelOptions {
  /** Who makes the spans. Default: the provider that is registered globally, also when that happens later. */
  readonly tracerProvider?: TracerProvider;
  /**
   * Whether the lock's record carries the `traceparent` of the holder's span. Without it nobody who waits can link to
   * this process; with it, whoever can read the records can read trace ids. Default `true`.
   */
  readonly propagate?: boolean;
  /**
   * What becomes of keys that name a person or a customer. `hash` gives 16 hex digits of their SHA-256: equal keys stay
   * equal, but whoever can guess a key can check the guess. `omit` leaves them out. With both, texts of errors are left
   * out too, because they name the key. Default `none`.
   */
  readonly keyRedaction?: KeyRedaction;
  /** Of how many holders one wait tells; later ones are only counted, in `droppedLinks`. 1 to 128. Default 16. */
  readonly maxBlockerLinks?: number;
  /**
   * A lock that is held for longer gets a `hold` span of its own, so that its `lock` span, which waiters link to, is
   * exported while it is still held. In milliseconds, 1 to 2147483647; `Infinity` for never. Default 60,000.
   */
  readonly longHoldMs?: number;
  /** Whether each acquire, renewal and release has a span, not only what went wrong. Default `false`. */
  readonly verbose?: boolean;
}

export type ResolvedOtelOptions = Required<Omit<OtelOptions, 'tracerProvider'>> & Pick<OtelOptions, 'tracerProvider'>;

const defaults: ResolvedOtelOptions = Object.freeze({
  propagate: true,
  keyRedaction: 'none',
  maxBlockerLinks: 16,
  longHoldMs: 60_000,
  verbose: false,
});
const knownOptions = new Set(['tracerProvider', ...Object.keys(defaults)]);
/** A longer timer would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Defaults filled in, all problems told at once. */
export function resolveOtelOptions(options: OtelOptions): ResolvedOtelOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const resolved: ResolvedOtelOptions = { ...defaults, ...given };
  const { tracerProvider, propagate, keyRedaction, maxBlockerLinks, longHoldMs, verbose } = resolved;
  const problems = unknownOptions(options, knownOptions);
  if (tracerProvider !== undefined && typeof tracerProvider?.getTracer !== 'function') {
    problems.push('tracerProvider must have getTracer()');
  }
  if (typeof propagate !== 'boolean') problems.push(`propagate must be true or false, got ${String(propagate)}`);
  if (keyRedaction !== 'none' && keyRedaction !== 'hash' && keyRedaction !== 'omit') {
    problems.push(`keyRedaction must be none, hash or omit, got ${String(keyRedaction)}`);
  }
  if (!Number.isInteger(maxBlockerLinks) || maxBlockerLinks < 1 || maxBlockerLinks > 128) {
    problems.push(`maxBlockerLinks must be an integer from 1 to 128, got ${String(maxBlockerLinks)}`);
  }
  if (longHoldMs !== Infinity && !(longHoldMs >= 1 && longHoldMs <= longestTimerMs)) {
    problems.push(`longHoldMs must be 1 to ${longestTimerMs} or Infinity, got ${String(longHoldMs)}`);
  }
  if (typeof verbose !== 'boolean') problems.push(`verbose must be true or false, got ${String(verbose)}`);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return resolved;
}

import type { TracerProvider } from '@opentelemetry/api';

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
}

export type ResolvedOtelOptions = Required<Omit<OtelOptions, 'tracerProvider'>> & Pick<OtelOptions, 'tracerProvider'>;

const defaults = Object.freeze({ propagate: true, keyRedaction: 'none', maxBlockerLinks: 16 } as const);

/** Defaults filled in, all problems told at once. */
export function resolveOtelOptions(options: OtelOptions): ResolvedOtelOptions {
  const resolved = { ...defaults, ...options };
  const { tracerProvider, propagate, keyRedaction, maxBlockerLinks } = resolved;
  const problems: string[] = [];
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
  if (problems.length > 0) throw new RangeError(`otel(): ${problems.join('; ')}`);
  return resolved;
}

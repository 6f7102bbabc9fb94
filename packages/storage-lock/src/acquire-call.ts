import type { CallSite } from './call-site.ts';
import type { ResolvedAcquire } from './acquire-options.ts';

/** @internal One acquire, as it was asked for. */
export interface AcquireCall {
  readonly key: string;
  readonly options: ResolvedAcquire;
  /** Undefined: a new owner. */
  readonly owner: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Ask once, and take no for an answer. */
  readonly once: boolean;
  /** Where it was called, when that is to be told of waits. */
  readonly site: CallSite | undefined;
}

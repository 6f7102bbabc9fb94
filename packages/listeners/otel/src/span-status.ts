import { SpanStatusCode, type Span } from '@opentelemetry/api';
import type { EventError } from '@lockscope/core';

/** The outcomes that are a failure for the caller. A try that found the lock busy is none, nor is a caller who left. */
const failures: ReadonlySet<string> = new Set(['timeout', 'deadlock', 'error', 'lost', 'release_failed', 'failed']);

const maxText = 1024;

/** How a span ends that ended like this: its `error.type`, or undefined when nothing failed. */
export function failureOf(outcome: string | undefined, error: EventError | undefined): string | undefined {
  if (outcome === undefined || !failures.has(outcome)) return undefined;
  return error?.code ?? error?.name ?? outcome;
}

/** Marks a span as failed. `why` may be absent where the text of the error would tell too much. */
export function setFailed(span: Span, why: string | undefined): void {
  span.setStatus({
    code: SpanStatusCode.ERROR,
    ...(why !== undefined && { message: why.length > maxText ? `${why.slice(0, maxText)}…` : why }),
  });
}

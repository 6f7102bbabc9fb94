import { SpanStatusCode, type Attributes, type HrTime } from '@opentelemetry/api';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { FinishedSpan } from './messages.ts';
import type { Outbox } from './outbox.ts';

/** Takes the place of an exporter: where others have a collector, this has the parent process. */
export function spanForwarder(outbox: Outbox): SpanProcessor {
  return {
    onStart: () => {},
    onEnd: (span) => outbox.span(finished(span)),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}

function finished(span: ReadableSpan): FinishedSpan {
  const { name, attributes, status, parentSpanContext } = span;
  const { traceId, spanId } = span.spanContext();
  return {
    name,
    traceId,
    spanId,
    ...(parentSpanContext !== undefined && { parentSpanId: parentSpanContext.spanId }),
    startedAt: milliseconds(span.startTime),
    durationMs: milliseconds(span.duration),
    attributes: plain(attributes),
    links: span.links.map(({ context, attributes: about = {} }) => ({
      traceId: context.traceId,
      spanId: context.spanId,
      attributes: plain(about),
    })),
    ...(status.code === SpanStatusCode.ERROR && { failure: status.message ?? 'failed' }),
  };
}

/** Those of locks are all texts, numbers and booleans. */
function plain(attributes: Attributes): FinishedSpan['attributes'] {
  const entries = Object.entries(attributes).filter(([, value]) => typeof value !== 'object');
  return Object.fromEntries(entries) as FinishedSpan['attributes'];
}

function milliseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1000 + nanoseconds / 1e6;
}

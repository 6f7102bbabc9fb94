import type { SpanContext } from '@opentelemetry/api';

/** The W3C `traceparent` of a span: version 00, without tracestate. */
export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`;
}

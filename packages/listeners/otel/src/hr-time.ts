import type { HrTime } from '@opentelemetry/api';

/**
 * An event's time as OpenTelemetry keeps it. A plain number would do for most clocks, but an SDK reads a small one as
 * `performance.now()`, and the microseconds would pass through one more rounding.
 */
export function hrTime(epochMs: number): HrTime {
  const micros = Math.round((epochMs % 1000) * 1000);
  const seconds = Math.trunc(epochMs / 1000);
  return micros === 1e6 ? [seconds + 1, 0] : [seconds, micros * 1000];
}

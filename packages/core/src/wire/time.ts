const rfc3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** What Go writes for a time that was never set. */
const zeroTime = '0001-01-01T00:00:00Z';
const earliest = Date.parse('0001-01-02T00:00:00Z');
const latest = Date.parse('9999-12-31T23:59:59.999Z');

/** RFC 3339 in UTC, with microseconds when there are any; Go's zero time for a moment that RFC 3339 cannot say. */
export function encodeTime(epochMs: number): string {
  if (!(epochMs >= earliest && epochMs <= latest)) return zeroTime;
  const whole = Math.floor(epochMs);
  const micros = Math.round((epochMs - whole) * 1000);
  const text = new Date(micros === 1000 ? whole + 1 : whole).toISOString();
  return micros % 1000 === 0 ? text : `${text.slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}

/** Epoch milliseconds of an RFC 3339 text with any offset and up to nanoseconds; undefined for Go's zero time. */
export function decodeTime(text: unknown): number | undefined {
  const match = typeof text === 'string' ? rfc3339.exec(text) : null;
  if (match === null) return undefined;
  const [, seconds, fraction = '0', offset] = match as unknown as [string, string, string | undefined, string];
  const whole = Date.parse(`${seconds}${offset}`);
  if (Number.isNaN(whole) || seconds.startsWith('0001-01-01')) return undefined;
  const epochMs = whole + Math.round(Number(`0.${fraction}`) * 1e6) / 1000;
  // From the year 2096 on a number has no room for microseconds.
  return Math.abs(epochMs) < 4e12 ? Math.round(epochMs * 1000) / 1000 : epochMs;
}

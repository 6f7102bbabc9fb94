/** The parts of a W3C `traceparent`. */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const pattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** True for a well-formed W3C `traceparent` of version 00. */
export function isTraceparent(text: unknown): text is string {
  return typeof text === 'string' && text.length === 55 && pattern.test(text);
}

/**
 * Reads a W3C `traceparent` of version 00 (https://www.w3.org/TR/trace-context/). What a lock's record carries is
 * untrusted, so anything else gives `undefined`, never an error.
 */
export function parseTraceparent(text: unknown): TraceContext | undefined {
  if (!isTraceparent(text)) return undefined;
  const sampled = (Number.parseInt(text.slice(53), 16) & 1) === 1;
  return { traceId: text.slice(3, 35), spanId: text.slice(36, 52), sampled };
}

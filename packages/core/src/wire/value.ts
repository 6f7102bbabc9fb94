import { toEventError } from '../event-error.ts';

const maxDepth = 16;

/**
 * Payload values as JSON can carry them. What JSON cannot say is tagged (`{"$bigint":"1"}`, `{"$date":…}`,
 * `{"$number":"NaN"}`); a key that itself starts with `$` gets a second one; circles and things that are no data
 * become a word in brackets; a key `__proto__` is left out. Never throws.
 */
export function encodeValue(value: unknown, above: readonly unknown[] = []): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $number: Object.is(value, -0) ? '-0' : String(value) };
    case 'bigint':
      return { $bigint: String(value) };
    case 'object':
      break;
    default:
      return value === undefined ? undefined : `[${typeof value}]`;
  }
  if (value === null) return null;
  if (above.length === maxDepth) return '[too deep]';
  if (above.includes(value)) return '[circular]';
  try {
    if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() };
    if (value instanceof Error) return encodeValue(toEventError(value), above);
    const inside = [...above, value];
    if (Array.isArray(value)) return value.map((item) => encodeValue(item, inside) ?? null);
    const encoded: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      if (key !== '__proto__') encoded[key.startsWith('$') ? `$${key}` : key] = encodeValue(item, inside);
    }
    return encoded;
  } catch {
    return '[unreadable]';
  }
}

/** The inverse of {@link encodeValue} for a payload as a whole, which is a record whatever its keys are. */
export function decodeRecord(value: object, depth = 0): Readonly<Record<string, unknown>> {
  const decoded: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (key !== '__proto__') decoded[key.startsWith('$$') ? key.slice(1) : key] = decodeValue(item, depth + 1);
  }
  return Object.freeze(decoded);
}

function decodeValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > maxDepth) return '[too deep]';
  if (Array.isArray(value)) return Object.freeze(value.map((item) => decodeValue(item, depth + 1)));
  const entries = Object.entries(value);
  const [tag, text] = entries.length === 1 ? (entries[0] as [string, unknown]) : ['', undefined];
  if (tag === '$date' && text === null) return new Date(Number.NaN);
  if (typeof text === 'string') {
    if (tag === '$bigint' && /^-?\d{1,4096}$/.test(text)) return BigInt(text);
    if (tag === '$date') return new Date(text);
    if (tag === '$number') return Number(text);
  }
  return decodeRecord(value, depth);
}

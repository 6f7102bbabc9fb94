import { isTraceparent } from '@lockscope/core';

/** What CloudEvents has in no attribute: control characters, halves of surrogate pairs, code points of no character. */
const unprintable = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;
/** What needs no closer look. */
const plain = /^[ -~]+$/;
/** The characters of a URI reference (RFC 3986). */
const uriReference = /^(?:[\w\-.~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;
const earliest = Date.parse('0001-01-01T00:00:00.000Z');
const latest = Date.parse('9999-12-31T23:59:59.999Z');
const latestVersion = 2 ** 31 - 1;

/** The parts of a message that somebody chose, before they are known to be right. */
export interface Fields {
  readonly id: unknown;
  readonly type: unknown;
  readonly source: unknown;
  readonly time: unknown;
  readonly subject?: unknown;
  readonly version?: unknown;
  readonly correlationId: unknown;
  readonly causationId?: unknown;
  readonly traceparent?: unknown;
  readonly headers: unknown;
}

/** A part that is wrong, and how. */
export type Problem = readonly [field: keyof Fields, problem: string];

/** All that is wrong with the parts of a message; nothing when a message can be made of them. */
export function problemsOf(fields: Fields): readonly Problem[] {
  const problems: Problem[] = [];
  for (const field of ['id', 'type', 'source'] as const) {
    if (!isText(fields[field])) problems.push([field, textual]);
  }
  if (fields.correlationId !== fields.id && !isText(fields.correlationId)) problems.push(['correlationId', textual]);
  for (const field of ['subject', 'causationId'] as const) {
    if (fields[field] !== undefined && !isText(fields[field])) problems.push([field, textual]);
  }
  const { source, time, version, traceparent, headers } = fields;
  if (problems.length === 0 && !uriReference.test(source as string))
    problems.push(['source', 'must be a URI reference']);
  if (!isWhole(time, earliest, latest))
    problems.push(['time', 'must be a whole number of epoch milliseconds in the years 1 to 9999']);
  if (version !== undefined && !isWhole(version, 0, latestVersion))
    problems.push(['version', `must be an integer from 0 to ${latestVersion}`]);
  if (traceparent !== undefined && !isTraceparent(traceparent))
    problems.push(['traceparent', 'must be a W3C traceparent of version 00']);
  if (!isTexts(headers)) problems.push(['headers', 'must be a record of texts without a key __proto__']);
  return problems;
}

const textual = 'must be text that is not empty and has no control characters';

function isText(value: unknown): value is string {
  return typeof value === 'string' && (plain.test(value) || (value !== '' && !unprintable.test(value)));
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isTexts(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !Object.hasOwn(value, '__proto__') &&
    Object.values(value).every((text) => typeof text === 'string')
  );
}

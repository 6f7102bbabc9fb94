import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import { messageOf } from './create-message.ts';
import type { Message } from './message.ts';
import { type Fields, problemsOf } from './message-fields.ts';
import { MessageFormatError } from './message-format-error.ts';

/** Options of {@link decodeMessage}. */
export interface DecodeMessageOptions {
  /** What is larger than so many bytes of UTF-8 is refused before it is read. Default 1,048,576. */
  readonly maxBytes?: number | undefined;
}

const known = new Set(['maxBytes']);
const defaultMaxBytes = 1_048_576;
const maxDepth = 64;
const rfc3339 = /^(\d{4}-\d\d-(\d\d))T(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;
const json = /^[\w!#$&^.+-]+\/(?:json|[\w!#$&^.+-]+\+json)\s*(?:;|$)/i;
/** Fields of a message whose names on the wire are others. */
const names: Partial<Record<keyof Fields, string>> = { correlationId: 'correlationid', causationId: 'causationid' };

/**
 * Reads a message from its wire form, a CloudEvents 1.0 event in structured mode, whoever wrote it: one without
 * `correlationid` is the first of its chain, and attributes that are not known are ignored. The input is untrusted. What
 * is too large, more than 64 levels deep, has a key `__proto__` or a `constructor` with a `prototype` anywhere, is not
 * UTF-8, not JSON, or carries other data than JSON is refused.
 *
 * @throws {MessageFormatError} when it is no message; nothing else is thrown, whatever the input is.
 * @throws {InvalidOptionsError} when the options are wrong, such as `maxBytes` that is not an integer of at least 1.
 */
export function decodeMessage(input: string | Uint8Array, options: DecodeMessageOptions = {}): Message {
  const { maxBytes = defaultMaxBytes } = options;
  const problems = unknownOptions(options, known);
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1)
    problems.push(`maxBytes must be an integer of at least 1, got ${String(maxBytes)}`);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  if (isLarger(input, maxBytes)) throw new MessageFormatError('the text', `is larger than ${maxBytes} bytes`);
  const event = parse(input, 'the text');
  refuseHarm(event, 'the whole');
  if (!isObject(event)) throw new MessageFormatError('the whole', 'is not an object');
  if (event['specversion'] !== '1.0') throw new MessageFormatError('specversion', 'must be 1.0');
  const { datacontenttype, data_base64: binary, data } = event;
  if (binary !== undefined) throw new MessageFormatError('data_base64', 'is not taken: data must be JSON');
  if (datacontenttype !== undefined && !(typeof datacontenttype === 'string' && json.test(datacontenttype)))
    throw new MessageFormatError('datacontenttype', 'must be a JSON media type');
  const { id, source, type, subject, correlationid = id, causationid, traceparent, version } = event;
  const fields: Fields = {
    id,
    type,
    source,
    time: epochMs(event['time']),
    subject,
    version,
    correlationId: correlationid,
    causationId: causationid,
    traceparent,
    headers: decodeHeaders(event['headers']),
  };
  const [problem] = problemsOf(fields);
  if (problem !== undefined) throw new MessageFormatError(names[problem[0]] ?? problem[0], problem[1]);
  return messageOf(fields, data);
}

function isLarger(input: string | Uint8Array, maxBytes: number): boolean {
  if (input.length > maxBytes) return true;
  // A character has at most 3 bytes for each of its units.
  if (typeof input !== 'string' || input.length * 3 <= maxBytes) return false;
  return new TextEncoder().encode(input).length > maxBytes;
}

function parse(input: unknown, field: string): unknown {
  let text = input;
  try {
    if (typeof text !== 'string') text = new TextDecoder('utf-8', { fatal: true }).decode(text as Uint8Array);
  } catch (cause) {
    throw new MessageFormatError(field, 'is not UTF-8', { cause });
  }
  try {
    return JSON.parse(text as string);
  } catch (cause) {
    throw new MessageFormatError(field, 'is not JSON', { cause });
  }
}

function decodeHeaders(text: unknown): unknown {
  if (text === undefined) return {};
  if (typeof text !== 'string') throw new MessageFormatError('headers', 'must be the text of a JSON object');
  return parse(text, 'headers');
}

/** RFC 3339 with any offset; what is finer than a millisecond is cut off. */
function epochMs(text: unknown): number | undefined {
  const match = typeof text === 'string' && text.length < 64 ? rfc3339.exec(text) : null;
  if (match === null) return undefined;
  const [whole, date, day] = match as unknown as [string, string, string];
  // Date.parse would take February 30 for March 2.
  if (new Date(date).getUTCDate() !== Number(day)) return undefined;
  return Date.parse(whole.toUpperCase());
}

/** Keys with which a careless copy of the data would change a prototype. */
function refuseHarm(value: unknown, path: string, depth = 0): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > maxDepth) throw new MessageFormatError('the whole', `is more than ${maxDepth} levels deep`);
  if (Array.isArray(value)) {
    for (const item of value) refuseHarm(item, path, depth + 1);
    return;
  }
  for (const key of Object.keys(value)) {
    const item = (value as Readonly<Record<string, unknown>>)[key];
    if (key === '__proto__') throw new MessageFormatError(path, 'has a key __proto__');
    if (key === 'constructor' && isObject(item) && Object.hasOwn(item, 'prototype'))
      throw new MessageFormatError(path, 'has a key constructor.prototype');
    refuseHarm(item, depth === 0 ? key : path, depth + 1);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

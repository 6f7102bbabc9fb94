import type { Message } from './message.ts';
import { MessageFormatError } from './message-format-error.ts';

/** What JSON leaves as it is and CloudEvents has in no attribute. */
const unprintable = /[\u007f-\u009f\p{Noncharacter_Code_Point}]/gu;

/**
 * A message on the wire: one line of JSON, a CloudEvents 1.0 event in structured mode. What CloudEvents has no name for
 * goes as extension attributes: `correlationid` and `causationid` (its correlation extension), `traceparent` (its
 * tracing extension), `version`, and `headers`, which is the text of a JSON object, because an attribute of CloudEvents
 * is never an object.
 *
 * The data are what `JSON.stringify` makes of them: dates become texts, fields without a value are left out.
 * What `decodeMessage` would refuse, such as a key `__proto__`, is written all the same.
 *
 * @throws {MessageFormatError} when the data cannot be written: a circle, a bigint, a function, a `toJSON` that throws.
 */
export function encodeMessage(message: Message): string {
  const { id, source, type, subject, time, version, correlationId, causationId, traceparent, headers, data } = message;
  const event = {
    specversion: '1.0',
    id,
    source,
    type,
    subject,
    time: new Date(time).toISOString(),
    datacontenttype: data === undefined ? undefined : 'application/json',
    correlationid: correlationId,
    causationid: causationId,
    traceparent,
    version,
    headers: encodeHeaders(headers),
  };
  if (data === undefined) return JSON.stringify(event);
  let json: string | undefined;
  try {
    json = JSON.stringify(data);
  } catch (cause) {
    throw new MessageFormatError('data', 'cannot be written as JSON', { cause });
  }
  if (json === undefined) throw new MessageFormatError('data', `cannot be written as JSON: a ${typeof data}`);
  return `${JSON.stringify(event).slice(0, -1)},"data":${json}}`;
}

function encodeHeaders(headers: Readonly<Record<string, string>>): string | undefined {
  if (Object.keys(headers).length === 0) return undefined;
  return JSON.stringify(headers).replace(unprintable, escaped);
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }).join('');
}

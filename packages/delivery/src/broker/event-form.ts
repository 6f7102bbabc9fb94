import { EventRefusedError } from './broker-errors.ts';
import { isSubject } from './subjects.ts';

const headerName = /^[a-z][\w.-]{0,127}$/i;
const reserved = /^nats-/i;
/** Control characters, and halves of characters. */
const control = /[\p{Cc}\p{Cs}]/u;
const mostHeaders = 64;
const longestHeader = 4096;
const longestId = 256;

/** True for a header that every broker carries as it is. */
export function isHeader(name: string, value: unknown): value is string {
  return (
    headerName.test(name) &&
    !reserved.test(name) &&
    typeof value === 'string' &&
    value.length <= longestHeader &&
    value.trim() === value &&
    !control.test(value)
  );
}

/** Only the headers that may be: what a foreign process wrote is cut down to that. */
export function readHeaders(entries: Iterable<readonly [string, unknown]>): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  let count = 0;
  for (const [name, value] of entries) {
    if (!isHeader(name, value)) continue;
    // A header of this name would be a property of every object.
    Object.defineProperty(headers, name, { value, enumerable: true, writable: true, configurable: true });
    count += 1;
    if (count === mostHeaders) break;
  }
  return Object.freeze(headers);
}

/**
 * Looks at an event before it is published, so that every broker refuses the same.
 *
 * @throws {EventRefusedError} with all that is wrong.
 */
export function checkPublished(
  subject: string,
  body: Uint8Array,
  {
    headers = {},
    id,
  }: { readonly headers?: Readonly<Record<string, string>> | undefined; readonly id?: string | undefined },
  maxBodyBytes: number,
): void {
  const problems: string[] = [];
  if (!isSubject(subject)) problems.push(`${shown(subject)} is no subject`);
  if (!(body instanceof Uint8Array)) problems.push(`the body must be a Uint8Array, got ${typeof body}`);
  else if (body.byteLength > maxBodyBytes)
    problems.push(`the body has ${body.byteLength} bytes, and at most ${maxBodyBytes} are taken`);
  const entries = Object.entries(headers);
  if (entries.length > mostHeaders)
    problems.push(`it has ${entries.length} headers, and at most ${mostHeaders} are taken`);
  for (const [name, value] of entries)
    if (!isHeader(name, value)) problems.push(`the header ${shown(name)} has a name or a text that is not taken`);
  if (id !== undefined && !isEventId(id))
    problems.push(`id must be 1 to ${longestId} characters without control characters`);
  if (problems.length > 0) throw new EventRefusedError(problems);
}

/** True for what can be the id of an event. */
export function isEventId(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && id.length <= longestId && id.trim() === id && !control.test(id);
}

function shown(text: unknown): string {
  return typeof text === 'string' ? JSON.stringify(text.slice(0, 64)) : typeof text;
}

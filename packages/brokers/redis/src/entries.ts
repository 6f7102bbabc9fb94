import { readHeaders, type Arrival } from '@lockscope/delivery';

/** An entry of the stream. Undefined where somebody else wrote what is no event. */
export interface Entry {
  readonly position: string;
  readonly event: Arrival['event'] | undefined;
}

/** How an event is written: its fields, one after the other. */
export function fieldsOf(
  subject: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> | undefined,
  id: string | undefined,
): (string | Buffer)[] {
  const fields = ['s', subject, 'b', Buffer.from(body)];
  if (headers !== undefined && Object.keys(headers).length > 0) fields.push('h', JSON.stringify(headers));
  if (id !== undefined) fields.push('i', id);
  return fields;
}

/** Entries of the one stream that was asked for, in RESP 2 and RESP 3. */
export function entriesOfStream(reply: unknown): Entry[] {
  if (!Array.isArray(reply)) return [];
  const [first, second] = reply as unknown[];
  return entriesOf(Array.isArray(first) ? (first as unknown[])[1] : second);
}

/** A list of entries. What is gone from the stream is left out. */
export function entriesOf(list: unknown): Entry[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((raw: unknown) => {
    if (!Array.isArray(raw)) return [];
    const [position, fields] = raw as unknown[];
    return [{ position: String(position), event: eventOf(String(position), fields) }];
  });
}

function eventOf(position: string, raw: unknown): Arrival['event'] | undefined {
  if (!Array.isArray(raw)) return undefined;
  const fields = new Map<string, unknown>();
  for (let at = 0; at + 1 < raw.length; at += 2) fields.set(String(raw[at]), raw[at + 1]);
  const subject = fields.get('s');
  const body = fields.get('b');
  if (!Buffer.isBuffer(subject) || !Buffer.isBuffer(body)) return undefined;
  const id = fields.get('i');
  return {
    subject: String(subject),
    body,
    headers: readHeaders(headersIn(fields.get('h'))),
    position,
    ...(Buffer.isBuffer(id) && { id: String(id) }),
  };
}

function headersIn(text: unknown): [string, unknown][] {
  if (!Buffer.isBuffer(text)) return [];
  try {
    const found: unknown = JSON.parse(String(text));
    return typeof found === 'object' && found !== null ? Object.entries(found) : [];
  } catch {
    return [];
  }
}

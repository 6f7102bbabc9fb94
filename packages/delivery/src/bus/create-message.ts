import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import type { Message } from './message.ts';
import { type Fields, problemsOf } from './message-fields.ts';
import { messageId } from './message-id.ts';

/** What a new message has beside its type and its data. */
export interface MessageInit {
  /** Who makes it: a URI reference, such as the name of a service, `orders`. */
  readonly source: string;
  readonly subject?: string | undefined;
  readonly version?: number | undefined;
  /** The message that led to this one, which then has its correlation id, and its trace context unless one is given. */
  readonly causedBy?: Message | undefined;
  /** What the first message of a chain belongs to, such as a request that has an id already. Default: its own id. */
  readonly correlationId?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Default: a uuid v7 of now. */
  readonly id?: string | undefined;
  /** In epoch milliseconds. Default: now. */
  readonly time?: number | undefined;
}

const known = new Set([
  'source',
  'subject',
  'version',
  'causedBy',
  'correlationId',
  'traceparent',
  'headers',
  'id',
  'time',
]);
const noHeaders: Readonly<Record<string, string>> = Object.freeze({});

/**
 * Makes a message. It and its headers are frozen; its data stays as it was given.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong, its value and the bound.
 */
export function createMessage<const Type extends string, Data>(
  type: Type,
  data: Data,
  init: MessageInit,
): Message<Type, Data> {
  const { causedBy } = init;
  const id = init.id ?? messageId();
  const fields: Fields = {
    id,
    type,
    source: init.source,
    time: init.time ?? Date.now(),
    subject: init.subject,
    version: init.version,
    correlationId: init.correlationId ?? causedBy?.correlationId ?? id,
    causationId: causedBy?.id,
    traceparent: init.traceparent ?? causedBy?.traceparent,
    headers: init.headers ?? noHeaders,
  };
  refuse(unknownOptions(init, known), fields);
  return messageOf(fields, data) as Message<Type, Data>;
}

/** Throws when the source of messages cannot be one, or something else was wrong before. */
export function checkSource(source: string, before: readonly string[]): void {
  refuse(before, { id: 'check', type: 'check', source, time: 0, correlationId: 'check', headers: noHeaders });
}

function refuse(before: readonly string[], fields: Fields): void {
  const wrong = problemsOf(fields).map(([field, problem]) => `${field} ${problem}, got ${shown(fields[field])}`);
  if (before.length + wrong.length > 0) throw new InvalidOptionsError([...before, ...wrong]);
}

type Mutable<M> = { -readonly [Field in keyof M]: M[Field] };

/** The message of parts that are known to be right; what is absent is left out. */
export function messageOf(fields: Fields, data: unknown): Message {
  const { id, type, source, time, subject, version, correlationId, causationId, traceparent, headers } =
    fields as Message;
  const message: Mutable<Message> = { id, type, source, time, data, correlationId, headers };
  if (subject !== undefined) message.subject = subject;
  if (version !== undefined) message.version = version;
  if (causationId !== undefined) message.causationId = causationId;
  if (traceparent !== undefined) message.traceparent = traceparent;
  if (headers !== noHeaders) message.headers = Object.freeze({ ...headers });
  return Object.freeze(message);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value);
}

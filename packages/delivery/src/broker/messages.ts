import { InvalidOptionsError, unknownOptions } from '@lockscope/core';
import { decodeMessage } from '../bus/decode-message.ts';
import { encodeMessage } from '../bus/encode-message.ts';
import type { Message } from '../bus/message.ts';
import type { Broker, Delivery, Published, SubscribeOptions, Subscription, SubscriptionStats } from './broker.ts';
import { isHeader } from './event-form.ts';
import { MessageRejectedError } from './message-rejected-error.ts';
import { subscribeOptionNames } from './subscribe-options.ts';
import { issuesText, type StandardSchema } from './standard-schema.ts';
import { tell } from './told.ts';

/** A schema for the data of each type. A type without one is unknown. */
export type MessageSchemas = Readonly<Record<string, StandardSchema>>;

/** The messages that schemas let pass. */
export type MessagesOf<Schemas extends MessageSchemas> = {
  [Type in keyof Schemas & string]: Message<
    Type,
    Schemas[Type] extends StandardSchema<infer Output> ? Output : unknown
  >;
}[keyof Schemas & string];

/** Options of {@link subscribeMessages}. */
export interface SubscribeMessagesOptions<Schemas extends MessageSchemas> extends SubscribeOptions {
  /** Which types are taken, and what their data must be. Default: every type, with any data. */
  readonly schemas?: Schemas;
  /** What is longer is refused before it is read, in bytes. Default 1,000,000. */
  readonly maxBytes?: number;
  /** Told of what is refused. It does not come again, and holds up nothing. Default: only counted. */
  readonly onRejected?: (error: MessageRejectedError, delivery: Delivery) => void;
}

/** Names of the options of {@link subscribeMessages}. */
export const messagesOptionNames: ReadonlySet<string> = new Set([
  ...subscribeOptionNames,
  'schemas',
  'maxBytes',
  'onRejected',
]);
const knownOfPublish = new Set(['headers', 'signal']);

/** A subscription to messages. */
export interface MessageSubscription extends Omit<Subscription, 'stats'> {
  readonly stats: SubscriptionStats & {
    /** Refused: no message, an unknown type, data that do not fit. */ readonly rejected: number;
  };
}

/**
 * Publishes a message in its wire form, a CloudEvents 1.0 event as JSON. Its id is the event's, so publishing it again
 * makes no second event where the broker knows ids; its trace context goes as the header `traceparent`, too.
 *
 * @throws {InvalidOptionsError} as a rejection, naming every option that there is not.
 */
export async function publishMessage(
  broker: Broker,
  subject: string,
  message: Message,
  options: { readonly headers?: Readonly<Record<string, string>>; readonly signal?: AbortSignal } = {},
): Promise<Published> {
  const problems = unknownOptions(options, knownOfPublish);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  const { traceparent } = message;
  const headers = {
    'content-type': 'application/cloudevents+json',
    ...(traceparent !== undefined && isHeader('traceparent', traceparent) && { traceparent }),
    ...options.headers,
  };
  const body = new TextEncoder().encode(encodeMessage(message));
  return broker.publish(subject, body, { headers, id: message.id, signal: options.signal });
}

/**
 * Hands messages to a handler. What comes in is not trusted: what is too long, no message, of an unknown type, or has
 * data that its schema refuses is told to `onRejected`, counted, and never seen again; what is behind it goes on.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong.
 */
export function subscribeMessages<const Schemas extends MessageSchemas = MessageSchemas>(
  broker: Broker,
  subject: string,
  handler: (message: MessagesOf<Schemas>, delivery: Delivery) => unknown,
  options: SubscribeMessagesOptions<Schemas> = {},
): MessageSubscription {
  const { schemas, maxBytes = 1_000_000, onRejected, ...rest } = options;
  const problems = unknownOptions(options, messagesOptionNames);
  if (!(Number.isSafeInteger(maxBytes) && maxBytes >= 1))
    problems.push(`maxBytes must be a whole number of at least 1, got ${String(maxBytes)}`);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  let rejected = 0;
  const hear = async (delivery: Delivery): Promise<void> => {
    let message: Message;
    try {
      message = await readMessage(delivery.body, { schemas, maxBytes });
    } catch (error) {
      if (!(error instanceof MessageRejectedError)) throw error;
      rejected += 1;
      tell(
        () => onRejected?.(error, delivery),
        () => undefined,
      );
      return;
    }
    await handler(message as MessagesOf<Schemas>, delivery);
  };
  const subscription = broker.subscribe(subject, hear, rest);
  return {
    subject,
    ready: subscription.ready,
    get stats() {
      return Object.freeze({ ...subscription.stats, rejected });
    },
    close: (closeOptions) => subscription.close(closeOptions),
    [Symbol.asyncDispose]: () => subscription[Symbol.asyncDispose](),
  };
}

/** Reads a message that is not trusted. @throws {MessageRejectedError} saying what is wrong with it. */
export async function readMessage(
  body: Uint8Array,
  { schemas, maxBytes }: { readonly schemas: MessageSchemas | undefined; readonly maxBytes: number },
): Promise<Message> {
  let message: Message;
  try {
    message = decodeMessage(body, { maxBytes });
  } catch (cause) {
    throw new MessageRejectedError('format', cause instanceof Error ? cause.message : String(cause), { cause });
  }
  if (schemas === undefined) return message;
  const { type } = message;
  const schema = Object.hasOwn(schemas, type) ? schemas[type] : undefined;
  if (schema === undefined)
    throw new MessageRejectedError('type', `the type ${type.slice(0, 100)} is unknown`, { type });
  let result;
  try {
    result = await schema['~standard'].validate(message.data);
  } catch (cause) {
    throw new MessageRejectedError('data', `the schema of ${type} failed`, { type, cause });
  }
  if (result.issues !== undefined) throw new MessageRejectedError('data', issuesText(result.issues), { type });
  return Object.freeze({ ...message, data: result.value });
}

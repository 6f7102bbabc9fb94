import { InvalidOptionsError, unknownOptions } from '@lockscope/core';
import type { Bus } from '../bus/bus.ts';
import { encodeMessage } from '../bus/encode-message.ts';
import type { Message } from '../bus/message.ts';
import type { Closable, Closed, CloseOptions } from '../closable.ts';
import type { Broker } from './broker.ts';
import {
  Output,
  outputOptionNames,
  outputProblems,
  type BrokerOutputOptions,
  type OutgoingEvent,
  type OutputStats,
} from './broker-output.ts';
import {
  messagesOptionNames,
  subscribeMessages,
  type MessageSchemas,
  type MessageSubscription,
  type SubscribeMessagesOptions,
} from './messages.ts';
import { newName } from './new-name.ts';
import { isSubject } from './subjects.ts';

/** The header by which a message that came from outside, or went there, is known. */
export const originHeader = 'lockscope-origin';

/** What comes in. */
export interface BridgeIn<Schemas extends MessageSchemas> extends SubscribeMessagesOptions<Schemas> {
  /** A subject, or a pattern of them. */
  readonly subject: string;
  /** Which types come in, and what their data must be. All others are refused. */
  readonly schemas: Schemas;
}

/** What goes out. */
export interface BridgeOut extends BrokerOutputOptions<Message> {
  /** Where to. */
  readonly subject: string | ((message: Message) => string);
  /** Which types: `payment.created`, `payment.*`. */
  readonly types: string | readonly string[];
}

/** Options of {@link bridge}: one direction, or both. */
export interface BridgeOptions<Schemas extends MessageSchemas> {
  readonly in?: BridgeIn<Schemas>;
  readonly out?: BridgeOut;
  /**
   * Who stands behind this bus: what carries this name comes from here and is not let in again. Give the processes of
   * one service the same name if they are not to hear each other. Default: a name that nobody else has.
   */
  readonly origin?: string;
}

const knownOptions = new Set(['in', 'out', 'origin']);
const knownOfIn = new Set([...messagesOptionNames, 'subject']);
const knownOfOut = new Set([...outputOptionNames, 'subject', 'types']);

/** A bridge between a bus and a broker. */
export interface Bridge extends Closable {
  /** Resolves when messages come in; at once when none are to. */
  readonly ready: Promise<void>;
  readonly stats: {
    readonly in:
      | (MessageSubscription['stats'] & { /** Own messages that came back. */ readonly echoes: number })
      | undefined;
    readonly out:
      | (OutputStats & { /** Messages from outside that were not sent out again. */ readonly held: number })
      | undefined;
  };
}

/**
 * Connects the bus of one process with a broker. What comes in is checked by its schema and published on the bus; it
 * comes again when a handler on the bus rejected, so handlers must bear a second time (`idempotent`). What goes out waits
 * in a bounded buffer while the broker is away; what must survive this process goes through an outbox instead.
 *
 * A message that came from outside never goes out again, over this bridge or another one: the header
 * `lockscope-origin` says where it is from. So bridges make no loops.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong.
 */
export function bridge<Events extends object, const Schemas extends MessageSchemas>(
  broker: Broker,
  bus: Bus<Events>,
  options: BridgeOptions<Schemas>,
): Bridge {
  const { origin = newName() } = options;
  const problems = [
    ...unknownOptions(options, knownOptions),
    ...unknownOptions(options.in ?? {}, knownOfIn),
    ...unknownOptions(options.out ?? {}, knownOfOut),
  ];
  if (options.in === undefined && options.out === undefined) problems.push('give in, out, or both');
  if (!/^[\w.-]{1,64}$/.test(origin)) problems.push(`origin must be 1 to 64 letters, digits, _, . or -, got ${origin}`);
  if (options.in !== undefined && (options.in.schemas as unknown) === undefined)
    problems.push('in.schemas must be given');
  const to: unknown = options.out?.subject;
  if (options.out !== undefined && typeof to !== 'function' && !isSubject(to))
    problems.push(`out.subject must be words with dots between them, or a function, got ${String(to)}`);
  problems.push(...outputProblems(options.out ?? {}));
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  // The types of the bus are those of its own program; what schemas let pass is what the program says it takes.
  return new BusBridge(broker, bus as unknown as Bus, options, origin);
}

class BusBridge implements Bridge {
  readonly ready: Promise<void>;
  readonly #origin: string;
  readonly #incoming: MessageSubscription | undefined;
  readonly #outgoing: Output<Message> | undefined;
  readonly #remove: (() => void) | undefined;
  #echoes = 0;
  #held = 0;
  #closing: Promise<Closed> | undefined;

  constructor(broker: Broker, bus: Bus, options: BridgeOptions<MessageSchemas>, origin: string) {
    this.#origin = origin;
    if (options.out !== undefined) {
      const { subject, types, ...rest } = options.out;
      this.#outgoing = new Output(broker, (message) => this.#encode(message, subject), rest);
      const removal = bus.on(types as '*', (message: Message) => this.#send(message));
      this.#remove = () => removal();
    }
    if (options.in !== undefined) {
      const { subject, ...rest } = options.in;
      this.#incoming = subscribeMessages(broker, subject, (message) => this.#receive(message, bus), rest);
    }
    this.ready = this.#incoming?.ready ?? Promise.resolve();
  }

  get stats(): Bridge['stats'] {
    const { stats: incoming } = this.#incoming ?? {};
    const { stats: outgoing } = this.#outgoing ?? {};
    return Object.freeze({
      in: incoming && Object.freeze({ ...incoming, echoes: this.#echoes }),
      out: outgoing && Object.freeze({ ...outgoing, held: this.#held }),
    });
  }

  close(options?: CloseOptions): Promise<Closed> {
    this.#remove?.();
    const closings = [this.#incoming, this.#outgoing].flatMap((one) => (one === undefined ? [] : [one.close(options)]));
    this.#closing ??= this.#end(closings);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #end(closings: readonly Promise<Closed>[]): Promise<Closed> {
    const ends = await Promise.all(closings);
    return Object.freeze({ undelivered: ends.reduce((sum, { undelivered }) => sum + undelivered, 0) });
  }

  #send(message: Message): void {
    if (Object.hasOwn(message.headers, originHeader)) this.#held += 1;
    else this.#outgoing?.push(message);
  }

  #encode(message: Message, subject: BridgeOut['subject']): OutgoingEvent {
    const sent = { ...message, headers: { ...message.headers, [originHeader]: this.#origin } };
    return {
      subject: typeof subject === 'function' ? subject(message) : subject,
      body: new TextEncoder().encode(encodeMessage(sent)),
      headers: { 'content-type': 'application/cloudevents+json' },
      id: message.id,
    };
  }

  async #receive(message: Message, bus: Bus): Promise<void> {
    const { headers } = message;
    const from = Object.hasOwn(headers, originHeader) ? headers[originHeader] : undefined;
    if (from === this.#origin) {
      this.#echoes += 1;
      return;
    }
    const known = Object.freeze({ ...headers, [originHeader]: from ?? 'unknown' });
    const results = await bus.publish(Object.freeze({ ...message, headers: known }));
    const errors = results.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} handlers failed`);
  }
}

import { type Removal, unknownOptions } from '@lockscope/core';

import type { Closable, Closed, CloseOptions } from '../closable.ts';
import { Closing } from '../internal/closing.ts';
import type { PublishInit } from './bus.ts';
import { CommandsClosedError } from './closed-errors.ts';
import { DuplicateHandlerError, NoHandlerError } from './command-errors.ts';
import { checkSource, createMessage } from './create-message.ts';
import type { AnyHandler, HandlerContext } from './handlers.ts';
import type { Message } from './message.ts';
import type { TypeOf } from './patterns.ts';
import { removal } from './removal.ts';
import { UnderWay } from './under-way.ts';

/** Any command: what it needs, and what comes of it. */
type AnyCommand = (data: never) => unknown;

/** The data of a command. */
export type CommandData<Map extends object, Type extends TypeOf<Map>> = Map[Type] extends (data: infer Data) => unknown
  ? Data
  : never;

/** What comes of a command. */
export type CommandResult<Map extends object, Type extends TypeOf<Map>> = Map[Type] extends AnyCommand
  ? Awaited<ReturnType<Map[Type]>>
  : never;

/** What carries out a command. It may throw or reject; who dispatched gets that as it is. */
export type CommandHandler<Map extends object, Type extends TypeOf<Map>> = (
  message: { [T in Type]: Message<T, CommandData<Map, T>> }[Type],
  context: HandlerContext,
) => CommandResult<Map, Type> | PromiseLike<CommandResult<Map, Type>>;

/** Options of {@link createCommands}. */
export interface CommandsOptions {
  /** The source of commands that are dispatched by type and data. Default `local`. */
  readonly source?: string | undefined;
}

const known = new Set(['source']);

/** What a command dispatcher has counted since it was made. */
export interface CommandsStats {
  readonly dispatched: number;
  /** Those of them that were not carried out, whatever the reason. */
  readonly failed: number;
  /** Those that are being carried out. */
  readonly running: number;
}

/**
 * Takes each command to the one handler that carries it out. `Map` says what each needs and gives, as a function:
 * `createCommands<{ 'payment.make': (data: Order) => Payment }>()`.
 */
export interface Commands<Map extends object> extends Closable {
  /**
   * Registers the handler of a command, or of several.
   *
   * @throws {DuplicateHandlerError} when one of them has a handler already; then none is registered.
   * @throws {CommandsClosedError} after `close` was called.
   */
  handle<const Type extends TypeOf<Map>>(type: Type | readonly Type[], handler: CommandHandler<Map, Type>): Removal;

  /**
   * Has a command carried out: its handler is called at once. Resolves with what the handler gives, rejects with what
   * it throws, the same object; with a `NoHandlerError` when there is none, a `CommandsClosedError` after `close` was
   * called, an `InvalidOptionsError` when the message cannot be.
   */
  dispatch<const Type extends TypeOf<Map>>(
    message: Message<Type, CommandData<Map, Type>>,
  ): Promise<CommandResult<Map, Type>>;
  dispatch<const Type extends TypeOf<Map>>(
    type: Type,
    data: CommandData<Map, Type>,
    init?: PublishInit,
  ): Promise<CommandResult<Map, Type>>;

  /**
   * Takes no commands from now on, and waits for those that are being carried out. Those that it gives up, when its
   * signal aborts, reject with a `CommandsClosedError`, and the signal of their context aborts.
   */
  close(options?: CloseOptions): Promise<Closed>;

  readonly stats: CommandsStats;
}

/**
 * A command dispatcher. Nothing in it is shared with any other.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong with the options.
 */
export function createCommands<Map extends object>(options: CommandsOptions = {}): Commands<Map> {
  const { source = 'local' } = options;
  checkSource(source, unknownOptions(options, known));
  return new LocalCommands(source) as unknown as Commands<Map>;
}

class LocalCommands {
  readonly #source: string;
  readonly #handlers = new Map<string, AnyHandler>();
  readonly #running = new UnderWay();
  readonly #closing: Closing;
  #dispatched = 0;
  #failed = 0;

  constructor(source: string) {
    this.#source = source;
    this.#closing = new Closing(this, async (signal) => ({
      undelivered: await this.#running.drained(signal, () => new CommandsClosedError()),
    }));
  }

  get stats(): CommandsStats {
    return { dispatched: this.#dispatched, failed: this.#failed, running: this.#running.count };
  }

  handle(type: string | readonly string[], handler: AnyHandler): Removal {
    if (this.#closing.begun) throw new CommandsClosedError();
    const types = new Set(typeof type === 'string' ? [type] : type);
    for (const each of types) if (this.#handlers.has(each)) throw new DuplicateHandlerError(each);
    for (const each of types) this.#handlers.set(each, handler);
    return removal(() => {
      for (const each of types) this.#handlers.delete(each);
    });
  }

  dispatch(first: string | Message, data?: unknown, init?: PublishInit): Promise<unknown> {
    if (this.#closing.begun) return Promise.reject(new CommandsClosedError());
    this.#dispatched += 1;
    const given = this.#running.track(this.#carryOut(first, data, init));
    // Who dispatches without looking back has not asked for the end of the process.
    given.then(undefined, () => {
      this.#failed += 1;
    });
    return given;
  }

  close(options?: CloseOptions): Promise<Closed> {
    return this.#closing.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #carryOut(first: string | Message, data: unknown, init: PublishInit | undefined): Promise<unknown> {
    const type = typeof first === 'string' ? first : first.type;
    const handler = this.#handlers.get(type);
    if (handler === undefined) throw new NoHandlerError(type);
    const message =
      typeof first === 'string' ? createMessage(first, data, { ...init, source: init?.source ?? this.#source }) : first;
    return await handler(message, { signal: this.#closing.signal });
  }
}

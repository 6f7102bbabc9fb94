import type { Removal } from '@lockscope/core';

import type { Closable, Closed, CloseOptions } from '../closable.ts';
import type { BusEvents, BusEventsOptions, DropReason } from './bus-events.ts';
import type { MessageInit } from './create-message.ts';
import type { HandlerContext } from './handlers.ts';
import type { Message } from './message.ts';
import type { BusPattern, MessageMatching, MessageOf, TypeOf } from './patterns.ts';

/** Options of `createBus`. */
export interface BusOptions {
  /** The source of messages that are published by type and data. Default `local`. */
  readonly source?: string | undefined;
  /** Told of every fault of a handler: what it threw or rejected with. Default: it is in the results, and counted. */
  readonly onError?: ((error: unknown, message: Message) => void) | undefined;
  /** Told of every message that did not get to a loop over `events()`. Default: only counted. */
  readonly onDrop?: ((message: Message, reason: DropReason) => void) | undefined;
}

/** What a bus has counted since it was made. */
export interface BusStats {
  /** Messages published or emitted. */
  readonly published: number;
  /** Those of them that nobody was there for. */
  readonly unhandled: number;
  /** Faults of handlers. */
  readonly failed: number;
  /** Messages that loops over `events()` did not get. */
  readonly dropped: number;
  /** Faults of `onError` and `onDrop`. */
  readonly hookFaults: number;
  /** Handlers that have not settled yet. */
  readonly running: number;
}

/** What a message has beside its type and its data, where the bus fills in the source. */
export type PublishInit = Omit<MessageInit, 'source'> & Partial<Pick<MessageInit, 'source'>>;

/** Type and data; the data may be left out where they may be undefined. */
export type TypeAndData<Events extends object, Type extends TypeOf<Events>> = undefined extends Events[Type]
  ? [type: Type, data?: Events[Type], init?: PublishInit]
  : [type: Type, data: Events[Type], init?: PublishInit];

/**
 * Takes messages to handlers in this process. `Events` says which data each type has:
 * `createBus<{ 'payment.created': Payment }>()`.
 *
 * Handlers are called in the order in which they were registered, one after the other in the call of `publish`; what
 * they do asynchronously goes on at the same time, and nothing but a publisher who waits limits how much that is. A
 * handler that fails stops no other and reaches no publisher.
 */
export interface Bus<Events extends object = Record<string, unknown>> extends Closable {
  /**
   * Registers a handler for a type, for all types that begin with `payment.` as `payment.*`, for all as `*`, or for a
   * list of these. A handler gets a message once, however many of its patterns match. Registered twice for one pattern
   * it is there until both registrations have been removed. Who is registered during a `publish` gets the next message;
   * who is removed gets none any more.
   *
   * @throws {BusClosedError} after `close` was called.
   * @throws {InvalidOptionsError} for a pattern that can match nothing.
   */
  on<const Pattern extends BusPattern<Events>>(
    pattern: Pattern | readonly Pattern[],
    handler: (message: MessageMatching<Events, Pattern>, context: HandlerContext) => unknown,
  ): Removal;

  /** Registers a handler for one message: the next one that a pattern matches. It never counts as registered twice. */
  once<const Pattern extends BusPattern<Events>>(
    pattern: Pattern | readonly Pattern[],
    handler: (message: MessageMatching<Events, Pattern>, context: HandlerContext) => unknown,
  ): Removal;

  /**
   * The messages from now on, for a `for await` loop. Who publishes does not wait for the loop: what the loop has not
   * taken yet waits in a bounded buffer, and what does not fit is dropped, counted and told to `onDrop`.
   */
  events<const Pattern extends BusPattern<Events>>(
    pattern: Pattern | readonly Pattern[],
    options?: BusEventsOptions,
  ): BusEvents<MessageMatching<Events, Pattern>>;

  /**
   * Tells everybody, and resolves when all handlers have settled, with what came of each, in the order of their
   * registration; loops over `events()` count as handlers that are done at once. Nobody there is no fault.
   *
   * Rejects with a `BusClosedError` after `close` was called, or an `InvalidOptionsError` when the message cannot be.
   */
  publish<const Type extends TypeOf<Events>>(
    message: MessageOf<Events, Type>,
  ): Promise<readonly PromiseSettledResult<unknown>[]>;
  publish<const Type extends TypeOf<Events>>(
    ...message: TypeAndData<Events, Type>
  ): Promise<readonly PromiseSettledResult<unknown>[]>;

  /**
   * Tells everybody as `publish` does, for who does not want to know what came of it: no promise is
   * made for nobody. Faults are counted and told to `onError`.
   *
   * @throws {BusClosedError} after `close` was called.
   * @throws {InvalidOptionsError} when the message cannot be.
   */
  emit<const Type extends TypeOf<Events>>(message: MessageOf<Events, Type>): void;
  emit<const Type extends TypeOf<Events>>(...message: TypeAndData<Events, Type>): void;

  /**
   * Takes no messages from now on; resolves when all handlers have settled and all loops have taken what waited for
   * them; what a loop does with the last one is for whoever runs the loop to wait for. What it gives up, when its signal aborts, are handlers that have not settled (their result is then a
   * `BusClosedError`, whatever they do, and the signal of their context aborts) and messages that were not taken.
   */
  close(options?: CloseOptions): Promise<Closed>;

  readonly stats: BusStats;
}

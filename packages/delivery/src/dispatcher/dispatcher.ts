import type { Removal } from '@lockscope/core';

import type { Closable, Closed, CloseOptions } from '../closable.ts';
import type { Exclusive } from './exclusive.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** What a handler is told beside the event. */
export interface EventContext {
  /** Of the event: the same in every attempt and for every handler. */
  readonly id: string;
  readonly topic: string;
  /** Which attempt of this handler at this event it is, from 1. */
  readonly attempt: number;
  /**
   * The event was given out before to a process that did not live to say what came of it, so part of the work may be
   * done. Never in a dispatcher that does not outlive its process.
   */
  readonly repeated: boolean;
  /**
   * Aborted at the time limit, when a lock of `exclusive` is lost, and when the dispatcher gives the event up. Whoever
   * ignores it goes on, but what becomes of it does not count; the next attempt begins when it has ended.
   */
  readonly signal: AbortSignal;
}

/** Handles events of one topic. The event is handled when it returns, or when the promise that it gives resolves. */
export type TopicHandler<E> = (event: E, context: EventContext) => unknown;

/** How a handler is run. */
export interface TopicHandlerOptions<E = unknown> {
  /**
   * Unique in its topic. Needed where events outlive the process: what waits for a handler waits for its name.
   */
  readonly name?: string | undefined;
  /** How often and when an event that it failed is given to it again. Default: 4 attempts, {@link defaultRetry}. */
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** How long one attempt may take, in milliseconds, 1 to 2147483647. Default: as long as it takes. */
  readonly timeLimitMs?: number | undefined;
  /** How many events it may handle at once in this process. Default: as many as its topic may. */
  readonly parallel?: number | undefined;
  /** One event at a time for each key, over all processes that share the locks. Default: none. */
  readonly exclusive?: Exclusive<E> | undefined;
}

/** How an event is dispatched. */
export interface DispatchOptions {
  /** How long from now the event is held back, in milliseconds. Default 0. */
  readonly delayMs?: number | undefined;
  /** When it is handed out, as a date or in epoch milliseconds; instead of `delayMs`. */
  readonly at?: Date | number | undefined;
  /**
   * Makes a dispatch that is tried again harmless: while an event with this id waits, the same event is not taken a
   * second time. Default: a unique one.
   */
  readonly id?: string | undefined;
  /** Gives the dispatch up: it rejects with the signal's reason, and the event may or may not have been taken. */
  readonly signal?: AbortSignal | undefined;
}

/** What is known of a failed attempt. In process it is what was thrown. */
export interface AttemptError {
  readonly name: string;
  readonly message: string;
}

/** An event that a handler failed as often as its policy allows. */
export interface DeadLetter {
  readonly id: string;
  readonly topic: string;
  /** Name of the handler that failed it. */
  readonly handler: string;
  readonly event: unknown;
  readonly attempts: number;
  /** What the last attempts failed with, at most ten, oldest first. */
  readonly errors: readonly AttemptError[];
  /** In epoch milliseconds. */
  readonly diedAt: number;
}

/** Which dead letters are meant: those that fit all that is given. */
export interface DeadLetterFilter {
  readonly topic?: string | undefined;
  readonly handler?: string | undefined;
  readonly id?: string | undefined;
}

/** An event that was accepted and is not handled by one handler. */
export interface DroppedEvent {
  readonly id: string;
  readonly topic: string;
  readonly handler: string;
  readonly event: unknown;
  /** `closed`: given up by `close`; `removed`: its handler was; `dead_letters_full`: another dead letter took its place. */
  readonly reason: 'closed' | 'removed' | 'dead_letters_full';
}

/** Where a fault happened. */
export interface FaultPlace {
  readonly topic?: string;
  readonly handler?: string;
  readonly id?: string;
  /** Which attempt failed. Absent when the fault is not a handler's. */
  readonly attempt?: number;
}

/** Who is told what. What they throw is counted in `hookFaults` and goes nowhere else. */
export interface DispatcherHooks {
  /** Told of every event that a handler failed for good. */
  readonly onDead?: ((letter: DeadLetter) => unknown) | undefined;
  /** Told of every event that was accepted and is given up. */
  readonly onDrop?: ((dropped: DroppedEvent) => unknown) | undefined;
  /** Told of every failed attempt, and of every fault of what keeps the events. */
  readonly onError?: ((error: unknown, place: FaultPlace) => unknown) | undefined;
}

/** What a dispatcher did since it was made; of a durable one, what this process did. */
export interface DispatcherCounters {
  /** Events taken. */
  readonly accepted: number;
  /** Events refused because a limit was reached. */
  readonly refused: number;
  /** Attempts begun. */
  readonly attempts: number;
  /** Attempts that handled the event. */
  readonly handled: number;
  /** Attempts that failed, those at the time limit included. */
  readonly failed: number;
  /** Attempts that were still running at their time limit. */
  readonly timedOut: number;
  /** Attempts begun at an event that may have been handled before: see {@link EventContext.repeated}. */
  readonly repeated: number;
  /** Attempts put off, uncounted, because another process had the lock of `exclusive`. */
  readonly postponed: number;
  /** Events that a handler failed for good. */
  readonly dead: number;
  /** Events that were accepted and given up, once for each handler. */
  readonly dropped: number;
  /** Faults of the hooks. */
  readonly hookFaults: number;
  /** Attempts that run now, those past their limit included. */
  readonly running: number;
}

/** How a dispatcher is closed. */
export interface DispatcherCloseOptions extends CloseOptions {
  /**
   * What is still done: `due` (default) what is due now and its further attempts, `all` also what is delayed, `none`
   * only what runs already, whose signals are aborted. The rest is given up, told to `onDrop` and counted. A durable
   * dispatcher finishes what it runs, unless it is `none`, and keeps the rest for the next process.
   */
  readonly drain?: 'due' | 'all' | 'none' | undefined;
}

/**
 * Hands events to the handlers of their topic: at once or later, several at a time, again when they fail. An event goes
 * to those that are registered when it is dispatched, to each on its own: a handler that fails has it again, the others
 * do not.
 */
export interface Dispatcher<Topics extends object = Record<string, unknown>> extends Closable {
  /** Tells dispatchers apart in errors. */
  readonly name: string;
  /**
   * Resolves with the event's id when it is taken: it will be handled, or be found among the dead letters.
   *
   * @throws {NoTopicError} {@link NoEventError} {@link NoHandlerFoundError} {@link QueueLimitError}
   *   {@link ConcurrentModificationError} {@link DispatcherClosedError} as rejections.
   */
  dispatch<Topic extends keyof Topics & string>(
    topic: Topic,
    event: Topics[Topic],
    options?: DispatchOptions,
  ): Promise<string>;
  /**
   * Adds a handler, after those that the topic has. The removal takes out exactly this one.
   *
   * @throws {InvalidOptionsError} naming every option that is wrong, its value and the bound.
   * @throws {NoTopicError} {@link DuplicateHandlerNameError} {@link DispatcherClosedError}
   */
  register<Topic extends keyof Topics & string>(
    topic: Topic,
    handler: TopicHandler<Topics[Topic]>,
    options?: TopicHandlerOptions<Topics[Topic]>,
  ): Removal;
  /** Resolves when everything registered so far receives; at once where nothing has to be asked for it. */
  ready(): Promise<void>;
  /** What handlers failed for good, oldest first. */
  deadLetters(filter?: DeadLetterFilter): Promise<readonly DeadLetter[]>;
  /**
   * Gives dead letters to their handlers again, with all attempts anew; resolves with how many. Letters for which there
   * is no room, or no handler, stay where they are.
   */
  retryDead(filter?: DeadLetterFilter): Promise<number>;
  counters(): DispatcherCounters;
  /**
   * As {@link Closable}. A handler that waits for `close()` waits for itself: let it give a signal, or not wait.
   */
  close(options?: DispatcherCloseOptions): Promise<Closed>;
}

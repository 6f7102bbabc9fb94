import { NoHandlerFoundError, ConcurrentModificationError, QueueLimitError } from '@lockscope/delivery';

import type { CheckedOptions } from './bullmq-options.ts';
import { jobIdOf } from './names.ts';
import type { Queues } from './queues.ts';
import type { StoredEvent } from './stored-event.ts';

/** More events in one go would make the server's other clients wait. */
const atOnce = 500;

/** More retries than any policy has; the handler's own policy decides, where it runs. */
const attempts = 2 ** 31 - 1;

/** How many errors BullMQ keeps of an event. */
const keptErrors = 10;

interface Request {
  readonly stored: StoredEvent;
  readonly dueAt: number | undefined;
  /** The user gave the id, so there may be an event with it already. */
  readonly named: boolean;
  readonly done: (error?: unknown) => void;
}

/**
 * Takes the events of one topic in, as many at once as have come meanwhile. One batch after the other: between the count
 * of what waits and the adding nothing else of this process is added, so that the limit is never exceeded.
 */
export class Intake {
  readonly #topic: string;
  readonly #queues: Queues;
  readonly #options: CheckedOptions<unknown>;
  #waiting: Request[] = [];
  /**
   * How many events may still be added before what waits has to be counted again, and for which handlers: what was
   * handled since only makes more room.
   */
  #room: { left: number; readonly handlers: readonly string[] } | undefined;
  #turn: Promise<unknown> | undefined;

  constructor(topic: string, queues: Queues, options: CheckedOptions<unknown>) {
    this.#topic = topic;
    this.#queues = queues;
    this.#options = options;
  }

  /** Resolves when the event is kept for every handler. */
  take(stored: StoredEvent, delayMs: number, named: boolean, signal: AbortSignal | undefined): Promise<void> {
    const dueAt = delayMs === 0 ? undefined : Date.now() + delayMs;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== request);
        request.done(signal?.reason);
      };
      const request: Request = {
        stored,
        dueAt,
        named,
        done: (...error) => {
          signal?.removeEventListener('abort', abort);
          if (error.length === 0) resolve();
          else reject(error[0]);
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.push(request);
      if (this.#turn === undefined) this.#begin();
    });
  }

  /** Runs alone: no event of this topic is taken in meanwhile. `room` is how many the handler has room for. */
  async alone<R>(handler: string, act: (room: number) => Promise<R>): Promise<R> {
    while (this.#turn !== undefined) await this.#turn.catch(() => undefined);
    const turn = this.#locked(async () => {
      this.#room = undefined;
      const waiting = await this.#queues.unfinished(this.#topic, handler);
      return act(Math.max(0, this.#options.maxQueued - waiting));
    });
    this.#turn = turn;
    try {
      return await turn;
    } finally {
      this.#turn = undefined;
      if (this.#waiting.length > 0) this.#begin();
    }
  }

  /** Resolves when nothing waits to be taken in. */
  async idle(): Promise<void> {
    while (this.#turn !== undefined) await this.#turn.catch(() => undefined);
  }

  #begin(): void {
    this.#turn = this.#drain();
  }

  async #drain(): Promise<void> {
    // What is dispatched in the same breath goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, atOnce);
      this.#waiting = this.#waiting.slice(atOnce);
      try {
        await this.#locked(() => this.#add(batch));
      } catch (error) {
        for (const { done } of batch) done(error);
      }
    }
    this.#turn = undefined;
  }

  #locked<R>(act: () => Promise<R>): Promise<R> {
    const { locks, name } = this.#options;
    return locks === undefined ? act() : locks.run(`${name}/intake/${this.#topic}`, act);
  }

  async #add(batch: readonly Request[]): Promise<void> {
    const { maxQueued, rememberHandled, locks } = this.#options;
    const handlers = await this.#queues.handlersOf(this.#topic);
    if (handlers.length === 0) {
      for (const { done } of batch) done(new NoHandlerFoundError(this.#topic));
      return;
    }
    let room = this.#room;
    const enough = room !== undefined && room.left >= batch.length && sameNames(room.handlers, handlers);
    // With locks other processes add, too.
    if (room === undefined || !enough || locks !== undefined) {
      const counts = await Promise.all(handlers.map((handler) => this.#queues.unfinished(this.#topic, handler)));
      this.#room = room = { left: Math.max(0, maxQueued - Math.max(...counts)), handlers };
    }
    const taken = batch.slice(0, room.left);
    room.left -= taken.length;
    for (const { done } of batch.slice(taken.length)) done(new QueueLimitError(this.#topic, maxQueued, 'topic'));
    if (taken.length === 0) return;
    const jobs = taken.map(({ stored, dueAt }) => ({
      name: 'event',
      data: stored,
      opts: {
        jobId: jobIdOf(stored.id),
        ...(dueAt !== undefined && { delay: Math.max(0, Math.ceil(dueAt - Date.now())) }),
        attempts,
        backoff: { type: 'handler' },
        stackTraceLimit: keptErrors,
        removeOnComplete: rememberHandled === 0 ? true : { count: rememberHandled },
        removeOnFail: false,
      },
    }));
    await Promise.all(handlers.map((handler) => this.#queues.events(this.#topic, handler).addBulk(jobs)));
    await Promise.all(taken.map((request) => this.#settle(request, handlers)));
  }

  /** BullMQ keeps the first of two jobs with one id and says nothing: whether it is the same has to be looked up. */
  async #settle({ stored, named, done }: Request, handlers: readonly string[]): Promise<void> {
    if (!named) {
      done();
      return;
    }
    const kept = await Promise.all(
      handlers.map((handler) => this.#queues.events(this.#topic, handler).getJob(jobIdOf(stored.id))),
    );
    const other = kept.some((job) => job !== undefined && job.data.event !== stored.event);
    if (other) done(new ConcurrentModificationError(this.#topic, stored.id));
    else done();
  }
}

function sameNames(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name) => others.includes(name));
}

import { InvalidOptionsError, type Removal } from '@lockscope/core';
import {
  type Closed,
  type DeadLetter,
  type DeadLetterFilter,
  type Dispatcher,
  type DispatcherCloseOptions,
  DispatcherClosedError,
  type DispatcherCounters,
  type DispatchOptions,
  DuplicateHandlerNameError,
  type FaultPlace,
  QueueLimitError,
  type TopicHandler,
  type TopicHandlerOptions,
} from '@lockscope/delivery';
import {
  checkDispatch,
  checkHandler,
  ClosingState,
  eventIds,
  Gate,
  removal,
  tell,
  zeroCounts,
} from '@lockscope/delivery/dispatcher-kit';
import type { ConnectionOptions, Job } from 'bullmq';

import { type BullmqDispatcherOptions, checkOptions, type CheckedOptions } from './bullmq-options.ts';

import { deadLetter, HandlerWorker } from './handler-worker.ts';
import { Intake } from './intake.ts';
import { jobIdOf } from './names.ts';
import { Queues, type RosterEntry } from './queues.ts';
import { storedEvent, type StoredEvent } from './stored-event.ts';

/** How many dead letters of one handler are looked at, the oldest ones. */
const listedDead = 1_000;

/** A dispatcher that keeps its events on a server. */
export interface BullmqDispatcher<Topics extends object = Record<string, unknown>> extends Dispatcher<Topics> {
  /**
   * Notes that a handler of this name exists, without running it: events are kept for it from then on. For processes
   * that dispatch before any process that handles has ever run.
   */
  enrol(topic: keyof Topics & string, handler: string): Promise<void>;
}

/**
 * A dispatcher on BullMQ: events are kept in Redis, or in PostgreSQL, until every handler of their topic is through with
 * them, at least once. Each handler has a queue of its own, so that what one fails is not done again by another. Handlers
 * need names; what waits for a name waits until a process with a handler of this name runs.
 *
 * Dead letters are kept without a bound.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong, its value and the bound.
 */
export function bullmqDispatcher<Topics extends object = Record<string, unknown>, Connection = ConnectionOptions>(
  options: BullmqDispatcherOptions<Connection>,
): BullmqDispatcher<Topics> {
  return new OnBullmq(checkOptions(options) as CheckedOptions<unknown>) as BullmqDispatcher<Topics>;
}

class OnBullmq implements BullmqDispatcher {
  readonly name: string;
  readonly #options: CheckedOptions<unknown>;
  readonly #queues: Queues;
  readonly #workers = new Set<HandlerWorker>();
  /** Being closed because they were removed. */
  readonly #leaving = new Set<Promise<void>>();
  /** Names being noted on the server. */
  readonly #enrolling = new Set<Promise<void>>();
  readonly #gates = new Map<string, Gate>();
  readonly #intakes = new Map<string, Intake>();
  readonly #counts = zeroCounts();
  readonly #closing = new ClosingState();
  readonly #nextId = eventIds();

  constructor(options: CheckedOptions<unknown>) {
    this.name = options.name;
    this.#options = options;
    this.#queues = new Queues(options, (error) => this.#fault(error, {}));
  }

  async dispatch(topic: string, event: unknown, options: DispatchOptions = {}): Promise<string> {
    const delayMs = checkDispatch(topic, event, options);
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#closing.begun) throw new DispatcherClosedError(this.name);
    const id = options.id ?? this.#nextId();
    const stored = storedEvent(id, event, this.#options.maxEventLength);
    // Handlers that were registered before this call get the event.
    if (this.#enrolling.size > 0) await Promise.all(this.#enrolling);
    try {
      await this.#intake(topic).take(stored, delayMs, options.id !== undefined, signal);
    } catch (error) {
      if (error instanceof QueueLimitError) this.#counts.refused += 1;
      throw error;
    }
    this.#counts.accepted += 1;
    return id;
  }

  register(topic: string, handler: TopicHandler<never>, options: TopicHandlerOptions<never> = {}): Removal {
    const given = handler as TopicHandler<unknown>;
    const checked = checkHandler<unknown>(topic, given, options as object, this.#options.parallel);
    const { name } = checked;
    if (name === undefined) throw new InvalidOptionsError(['name must be given: events wait for it']);
    if (this.#closing.begun) throw new DispatcherClosedError(this.name);
    for (const other of this.#workers)
      if (other.topic === topic && other.name === name) throw new DuplicateHandlerNameError(topic, name);
    let gate = this.#gates.get(topic);
    if (gate === undefined) this.#gates.set(topic, (gate = new Gate(this.#options.parallel)));
    const worker = new HandlerWorker(topic, name, checked, {
      options: this.#options,
      queues: this.#queues,
      counts: this.#counts,
      gate,
      died: (letter) => this.#died(letter),
      fault: (error, place) => this.#fault(error, place),
    });
    this.#workers.add(worker);
    const enrolled = Promise.all([this.#queues.enrol({ topic, handler: name }), worker.ready()]);
    const noted: Promise<void> = enrolled.then(() => void this.#enrolling.delete(noted));
    this.#enrolling.add(noted);
    // Whoever asks is told; nobody may ask.
    noted.catch((error: unknown) => this.#fault(error, { topic, handler: name }));
    return removal(() => this.#remove(worker));
  }

  async enrol(topic: string, handler: string): Promise<void> {
    if (this.#closing.begun) throw new DispatcherClosedError(this.name);
    await this.#queues.enrol({ topic, handler });
  }

  async ready(): Promise<void> {
    await Promise.all(this.#enrolling);
  }

  async deadLetters(filter: DeadLetterFilter = {}): Promise<readonly DeadLetter[]> {
    const found = await this.#dead(filter);
    const letters = found.map(({ job, topic, handler }) => deadLetter(topic, handler, job, this.#options));
    return letters.toSorted((a, b) => a.diedAt - b.diedAt);
  }

  async retryDead(filter: DeadLetterFilter = {}): Promise<number> {
    if (this.#closing.begun) throw new DispatcherClosedError(this.name);
    let retried = 0;
    for (const { job, topic, handler } of await this.#dead(filter)) {
      retried += await this.#intake(topic).alone(handler, async (room) => {
        if (room === 0) return 0;
        await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
        return 1;
      });
    }
    return retried;
  }

  counters(): DispatcherCounters {
    return { ...this.#counts };
  }

  async close({ drain = 'due', signal }: DispatcherCloseOptions = {}): Promise<Closed> {
    const reason = new DispatcherClosedError(this.name);
    const first = !this.#closing.begun;
    this.#closing.begin();
    if (drain === 'none') for (const worker of this.#workers) worker.abort(reason);
    if (first) {
      void this.#end().then(
        () => this.#closing.end(),
        (error: unknown) => {
          this.#fault(error, {});
          this.#closing.end();
        },
      );
    }
    return this.#closing.wait(signal, () => {
      for (const worker of this.#workers) worker.giveUp(reason);
      // A server that does not answer keeps nobody: what was not handled is on it.
      this.#closing.end();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #end(): Promise<void> {
    await Promise.allSettled(this.#enrolling);
    await Promise.all([...this.#intakes.values()].map((intake) => intake.idle()));
    await Promise.all([...[...this.#workers].map((worker) => worker.close()), ...this.#leaving]);
    await this.#queues.close();
  }

  #remove(worker: HandlerWorker): void {
    this.#workers.delete(worker);
    const leaving: Promise<void> = worker.close().then(
      () => void this.#leaving.delete(leaving),
      (error: unknown) => this.#fault(error, { topic: worker.topic, handler: worker.name }),
    );
    this.#leaving.add(leaving);
  }

  #intake(topic: string): Intake {
    let intake = this.#intakes.get(topic);
    if (intake === undefined) this.#intakes.set(topic, (intake = new Intake(topic, this.#queues, this.#options)));
    return intake;
  }

  async #dead({ topic, handler, id }: DeadLetterFilter): Promise<(RosterEntry & { readonly job: Job<StoredEvent> })[]> {
    const known = await this.#queues.all();
    const meant = known.filter(
      (entry) => (topic ?? entry.topic) === entry.topic && (handler ?? entry.handler) === entry.handler,
    );
    const found = await Promise.all(
      meant.map(async (entry) => {
        const queue = this.#queues.events(entry.topic, entry.handler);
        const jobs =
          id === undefined
            ? await queue.getJobs(['failed'], 0, listedDead - 1, true)
            : [await queue.getJob(jobIdOf(id))];
        const there = (jobs as (Job<StoredEvent> | undefined)[]).filter((job) => job?.finishedOn !== undefined);
        return there.map((job) => ({ ...entry, job: job as Job<StoredEvent> }));
      }),
    );
    return found.flat();
  }

  #died(letter: DeadLetter): void {
    this.#counts.dead += 1;
    tell(this.#options.onDead, this.#countHookFault, letter);
  }

  #fault(error: unknown, place: FaultPlace): void {
    tell(this.#options.onError, this.#countHookFault, error, place);
  }

  readonly #countHookFault = (): void => void (this.#counts.hookFaults += 1);
}

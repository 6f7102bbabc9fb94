import type { AttemptError, DeadLetter, FaultPlace } from '@lockscope/delivery';
import {
  attempt,
  AttemptContext,
  type CheckedHandler,
  type Counts,
  type Gate,
  Postponed,
  postponedForMs,
  retryDelay,
} from '@lockscope/delivery/dispatcher-kit';
import { DelayedError, type IQueueBackend, type Job, type JobProgress, WaitingError, type Worker } from 'bullmq';

import type { CheckedOptions } from './bullmq-options.ts';
import { failure, readFailure } from './failures.ts';

import { queueOf } from './names.ts';
import type { Queues } from './queues.ts';
import { readStored, type StoredEvent } from './stored-event.ts';

type EventJob = Job<StoredEvent>;
type EventWorker = Worker<StoredEvent, unknown, string, IQueueBackend, JobProgress, unknown>;

/** What a worker needs of its dispatcher. */
export interface WorkerSurroundings {
  readonly options: CheckedOptions<unknown>;
  readonly queues: Queues;
  readonly counts: Counts;
  /** How many attempts of the topic may run at once. */
  readonly gate: Gate;
  readonly died: (letter: DeadLetter) => void;
  readonly fault: (error: unknown, place: FaultPlace) => void;
}

/** Runs one handler on the events that wait for it. */
export class HandlerWorker {
  readonly topic: string;
  readonly name: string;
  readonly #handler: CheckedHandler<unknown>;
  readonly #around: WorkerSurroundings;
  readonly #worker: EventWorker;
  readonly #running = new Map<string, AttemptContext>();
  readonly #givenUp: Promise<unknown>;
  #giveUp!: () => void;
  /** What fails from now on fails because it was aborted: it goes back uncounted. */
  #ending = false;

  constructor(topic: string, name: string, handler: CheckedHandler<unknown>, around: WorkerSurroundings) {
    this.topic = topic;
    this.name = name;
    this.#handler = handler;
    this.#around = around;
    this.#givenUp = new Promise((resolve) => (this.#giveUp = (): void => resolve(undefined)));
    const { connection, parallel, claimMs, maxCrashes } = around.options;
    const { Worker: Made } = around.queues.classes;
    const queue = queueOf(around.options.name, topic, name);
    this.#worker = new Made<StoredEvent>(queue, (job: EventJob, token?: string) => this.#process(job, token), {
      connection,
      autorun: false,
      concurrency: Math.min(handler.parallel, parallel),
      lockDuration: claimMs,
      stalledInterval: claimMs,
      maxStalledCount: maxCrashes,
      // After a fault of the server; BullMQ's own 15 s would leave all that waits alone for so long.
      runRetryDelay: 1_000,
      settings: {
        backoffStrategy: (failed, _type, _error, job) => this.#delayAfter(failed, job as EventJob | undefined),
      },
    }) as EventWorker;
    this.#worker.on('error', (error) => around.fault(error, { topic, handler: name }));
    this.#worker.on('completed', () => void (around.counts.handled += 1));
    this.#worker.on('failed', (job, error) => this.#failed(job as EventJob | undefined, error));
    // Another process may have the event by now.
    this.#worker.on('lockRenewalFailed', (jobIds) => {
      for (const id of jobIds) this.#running.get(id)?.abort(new Error('the claim on the event was lost'));
    });
    void this.#worker.run().catch((error: unknown) => around.fault(error, { topic, handler: name }));
  }

  async ready(): Promise<void> {
    await this.#worker.waitUntilReady();
  }

  /** Takes nothing more; resolves when what runs has ended. */
  async close(): Promise<void> {
    await this.#worker.close();
  }

  /** What runs is told to end; what fails then is not counted, and waits for the next process. */
  abort(reason: unknown): void {
    this.#ending = true;
    for (const context of this.#running.values()) context.abort(reason);
  }

  /** Waits for what runs no longer: it goes back at once, so that another process can have it. */
  giveUp(reason: unknown): void {
    this.abort(reason);
    this.#giveUp();
  }

  async #process(job: EventJob, token: string | undefined): Promise<void> {
    const { gate, counts, options } = this.#around;
    const { topic, name, event, id } = { topic: this.topic, name: this.name, ...this.#read(job, options) };
    const context = new AttemptContext(id, topic, job.attemptsMade + 1, job.stalledCounter > 0);
    const jobId = job.id ?? id;
    this.#running.set(jobId, context);
    await gate.enter();
    counts.attempts += 1;
    counts.running += 1;
    if (context.repeated) counts.repeated += 1;
    const onLimit = (): void => void (counts.timedOut += 1);
    const { handler, timeLimitMs } = this.#handler;
    const run = attempt({ handler, name, event, context, timeLimitMs, onLimit }).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    const end = await Promise.race([run, this.#givenUp.then(() => 'given up' as const)]);
    counts.running -= 1;
    gate.leave();
    if (this.#running.get(jobId) === context) this.#running.delete(jobId);
    if (end === undefined) return;
    if (end === 'given up' || this.#ending) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    if (end.error instanceof Postponed) {
      counts.postponed += 1;
      await job.moveToDelayed(Date.now() + postponedForMs, token);
      throw new DelayedError();
    }
    counts.failed += 1;
    this.#around.fault(end.error, { topic, handler: name, id, attempt: context.attempt });
    throw failure(end.error, context.attempt >= this.#handler.retry.maxAttempts);
  }

  /** What cannot be read will not be readable the next time: it is dead at once, and blocks nothing. */
  #read(job: EventJob, { maxEventLength }: CheckedOptions<unknown>): { readonly id: string; readonly event: unknown } {
    try {
      return readStored(job.data, maxEventLength);
    } catch (error) {
      this.#around.counts.attempts += 1;
      this.#around.counts.failed += 1;
      this.#around.fault(error, { topic: this.topic, handler: this.name, attempt: job.attemptsMade + 1 });
      throw failure(error, true);
    }
  }

  #delayAfter(failed: number, job: EventJob | undefined): number {
    const place = { topic: this.topic, handler: this.name, ...(job?.data?.id !== undefined && { id: job.data.id }) };
    return Math.ceil(retryDelay(this.#handler.retry, failed, (error) => this.#around.fault(error, place)));
  }

  #failed(job: EventJob | undefined, error: Error): void {
    if (job === undefined || error.name !== 'UnrecoverableError') return;
    this.#around.died(deadLetter(this.topic, this.name, job, this.#around.options));
  }
}

/** What is stored of an event that failed for good. */
export function deadLetter(
  topic: string,
  handler: string,
  job: EventJob,
  { maxEventLength }: Pick<CheckedOptions<unknown>, 'maxEventLength'>,
): DeadLetter {
  const attempts = job.attemptsMade;
  const stacks = (job.stacktrace ?? []).slice(attempts === 0 ? 0 : -attempts);
  const errors: AttemptError[] = stacks.map(readFailure);
  let stored: { readonly id: string; readonly event: unknown } = { id: job.id ?? '', event: undefined };
  try {
    stored = readStored(job.data, maxEventLength);
  } catch {
    // The errors say so.
  }
  return Object.freeze({ ...stored, topic, handler, attempts, errors, diedAt: job.finishedOn ?? Date.now() });
}

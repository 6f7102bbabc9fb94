import { randomUUID } from 'node:crypto';
import type { ChildProcess } from 'node:child_process';
import type { Worker as ClusterWorker } from 'node:cluster';
import type { Worker as Thread } from 'node:worker_threads';
import { takeReports, type CellSets } from './cell-sets.ts';
import { isAnswer, type MetricsQuestion } from './worker-messages.ts';

/** A process of `node:cluster`, one that was forked with a channel, or a thread. */
export type MetricsWorker = ClusterWorker | ChildProcess | Thread;

/** One worker: what it said last, and the way to ask it. */
export class WorkerLink {
  /** What it said last. */
  readonly sets: CellSets = new Map();
  readonly #target: ChildProcess | Thread;
  readonly #onGone: () => void;
  readonly #name = randomUUID();
  readonly #asked = new Map<string, () => void>();
  readonly #hear = (message: unknown): void => {
    if (!isAnswer(message)) return;
    const { id = this.#name, metrics } = message;
    // Changes that another collector asked for make sense only on top of what was before.
    if (!this.#heard && !id.startsWith(this.#name)) return;
    this.#heard = true;
    takeReports(this.sets, metrics);
    this.#asked.get(id)?.();
  };
  #heard = false;
  #ended = false;
  #ids = 0;

  /** `onGone` is called once, when it has ended and nothing of it can come any more. */
  constructor(worker: MetricsWorker, onGone: () => void) {
    this.#target = 'process' in worker ? worker.process : worker;
    this.#onGone = onGone;
    this.#target.on('message', this.#hear);
    this.#target.once('exit', this.#end);
    // What a process said last may come after its exit; its channel ends behind it.
    if (!isThread(this.#target)) this.#target.once('disconnect', this.#end);
  }

  /** Resolves when it has answered, or the time is over. */
  async ask(patienceMs: number): Promise<void> {
    if (this.#ended || (!isThread(this.#target) && !this.#target.connected)) return;
    const id = `${this.#name} ${(this.#ids += 1)}`;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, patienceMs);
      this.#asked.set(id, () => {
        clearTimeout(timer);
        resolve();
      });
      this.#send({ lockscope: 'metrics?', id, all: !this.#heard });
    });
    this.#asked.delete(id);
  }

  /** Asks and hears nothing more. */
  close(): void {
    this.#ended = true;
    this.#target.off('message', this.#hear);
    this.#target.off('exit', this.#end);
    if (!isThread(this.#target)) this.#target.off('disconnect', this.#end);
    for (const answered of this.#asked.values()) answered();
  }

  readonly #end = (): void => {
    const target = this.#target;
    if (!isThread(target) && (target.connected || (target.exitCode === null && target.signalCode === null))) return;
    this.close();
    this.#onGone();
  };

  #send(question: MetricsQuestion): void {
    const target = this.#target;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    if (isThread(target)) target.postMessage(question);
    // It may be gone before it hears this.
    else target.send(question, () => {});
  }
}

function isThread(target: ChildProcess | Thread): target is Thread {
  return 'postMessage' in target;
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

import type { Opening, Order, Reply } from './worker.ts';

/** Processes that stay, whatever is measured in them, because it takes long to start one. */
export class Processes {
  readonly #program: string;
  readonly #started: WorkerProcess[] = [];
  #troops = 0;

  /** `program`: `worker.ts`, made by `sourceProgram`. */
  constructor(program: string) {
    this.#program = program;
  }

  /** Opens the same kind of lock in so many of them. Troops can be open side by side. */
  async troop(count: number, opening: Opening): Promise<Troop> {
    while (this.#started.length < count) this.#started.push(new WorkerProcess(this.#program));
    this.#troops += 1;
    const troop = new Troop(this.#started.slice(0, count), this.#troops);
    await troop.all({ do: 'open', ...opening });
    return troop;
  }

  async end(): Promise<void> {
    await Promise.all(this.#started.map((one) => one.end()));
  }
}

/** Who takes part with one kind of lock. */
export class Troop {
  readonly #processes: readonly WorkerProcess[];
  readonly #id: number;

  /** @internal See {@link Processes.troop}. */
  constructor(processes: readonly WorkerProcess[], id: number) {
    this.#processes = processes;
    this.#id = id;
  }

  /** Asks one of the processes. */
  async one<Answer>(index: number, order: Order): Promise<Answer> {
    const asked = this.#processes[index];
    if (asked === undefined) throw new Error(`there is no process ${index}`);
    return (await asked.ask(this.#id, order)) as Answer;
  }

  all<Answer>(order: Order): Promise<Answer[]> {
    return Promise.all(this.#processes.map((_, index) => this.one<Answer>(index, order)));
  }

  async close(): Promise<void> {
    await this.all({ do: 'close' });
  }
}

class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  #asked = 0;

  constructor(program: string) {
    this.#child = fork(program, { execArgv: [] });
    this.#child.on('message', ({ id, answer, error }: Reply) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(answer);
      else waiting?.reject(new Error(error));
    });
    this.#child.once('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the process ended with ${code}`));
    });
  }

  ask(troop: number, order: Order): Promise<unknown> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, troop, order });
    });
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}

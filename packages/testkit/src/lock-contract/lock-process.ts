import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { FileCounter } from './file-counter.ts';
import type { LockTrial } from './lock-trial.ts';

// A program of its own, in plain JavaScript, so that it also runs where this package runs from its sources.
const program = fileURLToPath(new URL('../../worker/lock-worker.mjs', import.meta.url));

type Message = { readonly kind: 'ready' | 'inside' | 'done' } | { readonly kind: 'failed'; readonly error: string };

/** Another process that takes turns under a lock. Ends with the case at the latest. */
export class LockProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #trial: LockTrial;
  readonly #told = new Set<string>();
  #failure: string | undefined;
  #wake: () => void = () => undefined;
  #output = '';

  private constructor(name: string, child: ChildProcess, trial: LockTrial) {
    this.name = name;
    this.#child = child;
    this.#trial = trial;
    child.on('message', (message: Message) => {
      if (message.kind === 'failed') this.#failure = message.error;
      this.#told.add(message.kind);
      this.#wake();
    });
    child.on('exit', (code, signal) => {
      if (code !== 0 && signal === null) this.#failure ??= `it ended with code ${code}: ${this.#output}`;
      this.#told.add('exit');
      this.#wake();
    });
    child.stderr?.on('data', (data: Buffer) => (this.#output = `${this.#output}${String(data)}`.slice(-4000)));
  }

  /** Starts a process and waits until it has made its locks. Without contenders it comes in and stays inside. */
  static async start(trial: LockTrial, counter: FileCounter, name: string, contenders: number): Promise<LockProcess> {
    const { processes } = trial.options;
    assert.ok(processes !== undefined);
    const task = {
      name,
      contenders,
      module: processes.module.href,
      data: processes.data?.(trial.setup),
      directory: counter.directory,
    };
    const child = fork(program, [JSON.stringify(task)], {
      execArgv: [...(processes.execArgv ?? [])],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const started = new LockProcess(name, child, trial);
    trial.atEnd(() => started.kill());
    await started.#until('ready');
    return started;
  }

  go(): void {
    this.#child.send('go');
  }

  async isInside(): Promise<void> {
    await this.#until('inside');
  }

  async isDone(patienceMs?: number): Promise<void> {
    await this.#until('done', patienceMs);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  async #until(kind: Message['kind'], patienceMs?: number): Promise<void> {
    const told = (async () => {
      while (!this.#told.has(kind) && this.#failure === undefined && !this.#told.has('exit')) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    })();
    await this.#trial.inTime(`process ${this.name}, to be ${kind},`, told, patienceMs);
    assert.equal(this.#failure, undefined, `process ${this.name} failed`);
    assert.ok(this.#told.has(kind), `process ${this.name} ended before it was ${kind}`);
  }
}

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach } from 'vitest';
import { sourceProgram } from '../../../../test/support/source-program.ts';

const running = new Set<Child>();
let program: Promise<string> | undefined;

afterEach(async () => {
  await Promise.all([...running].map((child) => child.kill()));
});

/** Another process on the same folder. */
export class Child {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
    running.add(this);
  }

  /** Started and ready for its first step. */
  static async start(path: string, ledger = ''): Promise<Child> {
    program ??= sourceProgram(new URL('child.ts', import.meta.url));
    const child = new Child(fork(await program, [path, ledger], { execArgv: [] }));
    await child.#answer();
    return child;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Does one step, and gives what came of it. */
  async do(step: string, input?: object): Promise<unknown> {
    const answer = this.#answer();
    this.#process.send({ step, input });
    return answer;
  }

  /** Stands still, as in a long pause of the machine, until it goes on. */
  freeze(): void {
    this.#process.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process.kill('SIGCONT');
  }

  /** Gone at once, as in a crash. */
  async kill(): Promise<void> {
    running.delete(this);
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }

  async #answer(): Promise<unknown> {
    const [message] = (await Promise.race([
      once(this.#process, 'message'),
      once(this.#process, 'exit').then(([code]) => [{ error: `the child ended with ${String(code)}` }]),
    ])) as [{ readonly result?: unknown; readonly error?: string }];
    if (message.error !== undefined) throw new Error(message.error);
    return message.result;
  }
}

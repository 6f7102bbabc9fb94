import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach } from 'vitest';

const running = new Set<Child>();

afterEach(async () => {
  await Promise.all([...running].map((child) => child.kill()));
});

/** Another process that does one step after the other; it is killed when the test ends. */
export class Child {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
    running.add(this);
  }

  /** Started and ready for its first step: the program sends a message when it is. */
  static async start(program: string, args: readonly string[]): Promise<Child> {
    const child = new Child(fork(program, args, { execArgv: [] }));
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

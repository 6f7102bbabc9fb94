import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';

/** A driver that another process can be told of. */
export type DriverName = 'node:sqlite' | 'libsql';

const script = fileURLToPath(new URL('child.mjs', import.meta.url));
const running = new Set<Child>();

afterEach(async () => {
  await Promise.all([...running].map((child) => child.kill()));
});

/** Another process on the same file. */
export class Child {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
    running.add(this);
  }

  /** Started and ready for its first step. */
  static async start(path: string, driver?: DriverName): Promise<Child> {
    const child = new Child(fork(script, [path, ...(driver === undefined ? [] : [driver])], { execArgv: [] }));
    await child.#answer();
    return child;
  }

  /** Does one step, and gives what came of it. */
  async do(step: string, input?: object): Promise<unknown> {
    const answer = this.#answer();
    this.#process.send({ step, input });
    return answer;
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

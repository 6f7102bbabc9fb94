import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';

import { sourceProgram } from '../../../../test/support/source-program.ts';

/** What a node is started with. */
export interface NodeOptions {
  readonly port: number;
  readonly name: string;
  readonly log: string;
  /** How many events it dispatches, with ids from `from` on. */
  readonly events: number;
  readonly from?: number;
  /** It kills itself before or after it writes to the server for this time. */
  readonly killAt?: { readonly step: number; readonly after: boolean };
  readonly claimMs?: number;
  readonly parallel?: number;
  /** How long the handling of an event takes; by its number. */
  readonly holdMs?: readonly number[];
}

let program: Promise<string> | undefined;

/** A process that dispatches and handles. */
export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #exited: Promise<unknown>;
  #output = '';

  private constructor(child: ChildProcess, log: string) {
    this.#child = child;
    this.#log = log;
    this.#exited = once(child, 'exit');
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
  }

  static async start(options: NodeOptions): Promise<NodeProcess> {
    const path = await (program ??= sourceProgram(new URL('node.ts', import.meta.url)));
    const env = { ...process.env, NODE_OPTIONS: '' };
    const child = fork(path, [JSON.stringify(options)], {
      execArgv: [],
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    return new NodeProcess(child, options.log);
  }

  /** What it wrote to its output: nothing, when all is well. */
  get output(): string {
    return this.#output;
  }

  /** What it wrote down so far, by its first word. */
  lines(word: string): string[][] {
    const text = existsSync(this.#log) ? readFileSync(this.#log, 'utf8') : '';
    // The last line may be half a line only where the process was killed while it wrote.
    const whole = text.split('\n').slice(0, -1);
    return whole.map((line) => line.split(' ')).filter(([first]) => first === word);
  }

  /** Resolves when it is gone, with its signal or its exit code. */
  async gone(): Promise<string | number | null> {
    await this.#exited;
    return this.#child.signalCode ?? this.#child.exitCode;
  }

  /** Lets it close its dispatcher and end by itself. */
  async end(): Promise<string | number | null> {
    this.#child.send('end');
    return this.gone();
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

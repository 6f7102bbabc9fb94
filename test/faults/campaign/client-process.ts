import { type ChildProcess, fork } from 'node:child_process';

import { sourceProgram } from '../../support/source-program.ts';
import type { ClientHistory } from './check.ts';
import { machineTime, readLog } from './log.ts';
import type { Endpoint } from './storages.ts';
import type { StruckOperation } from './striking-storage.ts';

/** Times of the locks of a campaign, in milliseconds. */
export interface CampaignTimes {
  readonly leaseMs: number;
  readonly renewEveryMs: number;
  readonly marginMs: number;
  readonly waitMs: number;
}

/** What a client is started with. */
export interface ClientOptions {
  readonly endpoint: Endpoint;
  readonly log: string;
  readonly seed: number;
  readonly times: CampaignTimes;
  /** Keys that all clients want, each with so many `workers`. */
  readonly shared: readonly string[];
  readonly workers: number;
  /** A key that no other client wants. */
  readonly own: string;
  /** Its wall clock is set once a second, to anywhere within an hour of the truth. */
  readonly wallClock?: 'jumps' | undefined;
  /** Breaks it on purpose: every process has locks of its own. */
  readonly apart?: boolean | undefined;
}

/** What a client is told. `strike` without a `pid` means itself. */
export type ToClient =
  | { readonly do: 'count' }
  | { readonly do: 'block'; readonly forMs: number }
  | { readonly do: 'strike'; readonly operation: StruckOperation; readonly afterUs: number; readonly pid?: number }
  | { readonly do: 'finish' };

/** What a client tells. */
export type FromClient =
  | { readonly is: 'ready' }
  | { readonly is: 'count'; readonly acquired: number }
  | { readonly is: 'struck' }
  | { readonly is: 'finished' };

/** One client process, seen from its parent. */
export class ClientProcess {
  readonly name: string;
  readonly options: ClientOptions;
  readonly #child: ChildProcess;
  readonly #frozen: { from: number; to: number }[] = [];
  readonly #exited: Promise<number | string>;
  #heard: FromClient[] = [];
  #listening: (() => void)[] = [];
  #output = '';
  #killed = false;
  #gone: string | undefined;

  private constructor(name: string, program: string, options: ClientOptions) {
    this.name = name;
    this.options = options;
    this.#child = fork(program, [JSON.stringify(options)], {
      execArgv: ['--enable-source-maps'],
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
    this.#child.on('message', (message: FromClient) => {
      this.#heard.push(message);
      this.#tellListeners();
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.#gone = `${name} ended with ${code ?? signal}`;
        this.#tellListeners();
        resolve(code ?? signal ?? 'nothing');
      });
    });
  }

  /** Started, connected and at work. */
  static async start(name: string, options: ClientOptions): Promise<ClientProcess> {
    const client = new ClientProcess(name, await (program ??= sourceProgram(programUrl)), options);
    await client.hears('ready', 20_000);
    return client;
  }

  /** What it wrote to its output: nothing, when all is well. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  tell(message: ToClient): void {
    this.#child.send(message, () => {});
  }

  /** Resolves with the next message of a kind; rejects when it does not come in time or the process ends. */
  async hears<Is extends FromClient['is']>(is: Is, withinMs: number): Promise<Extract<FromClient, { is: Is }>> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const found = this.#heard.find((message) => message.is === is);
      if (found !== undefined) {
        this.#heard = this.#heard.filter((message) => message !== found);
        return found as Extract<FromClient, { is: Is }>;
      }
      if (this.#gone !== undefined) throw new Error(`${this.#gone}, ${is} was expected. ${this.#output}`);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`${this.name} did not say ${is} within ${withinMs} ms. ${this.#output}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#listening.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** How many locks it has acquired so far. */
  async acquired(withinMs: number): Promise<number> {
    this.tell({ do: 'count' });
    return (await this.hears('count', withinMs)).acquired;
  }

  freeze(): void {
    this.#frozen.push({ from: machineTime(), to: Infinity });
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
    // The scheduler may take a moment to let it run again.
    this.#frozen.at(-1)!.to = machineTime() + 50e6;
  }

  /** What was told of it is no surprise: it kills itself. */
  willDie(): void {
    this.#killed = true;
  }

  async kill(): Promise<void> {
    this.#killed = true;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Resolves when the process is gone. */
  async gone(withinMs: number): Promise<number | string> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${this.name} was still there after ${withinMs} ms`)), withinMs);
    });
    try {
      return await Promise.race([this.#exited, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  history(): ClientHistory {
    return { name: this.name, lines: readLog(this.options.log), killed: this.#killed, frozen: this.#frozen };
  }

  /** What its last attempts came to, for whoever has to find out what is wrong. */
  lastEnds(): string {
    const ends = readLog(this.options.log).flatMap((line) => (line.is === 'end' ? line.how : []));
    return `its last ${Math.min(ends.length, 8)} of ${ends.length} attempts ended ${ends.slice(-8).join(', ')}`;
  }

  #tellListeners(): void {
    for (const listener of this.#listening.splice(0)) listener();
  }
}

const programUrl = new URL('client.ts', import.meta.url);
let program: Promise<string> | undefined;

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { View } from '@lockscope/console';

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** The demo as a newcomer has it: built, in a process of its own, with a temporary folder that can be looked into. */
export class DemoProcess {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'lockscope-demo-test-'));
  /** The exit code, or the signal that ended it. */
  readonly exit: Promise<number | string>;
  output = '';
  ended = false;
  readonly #child: ChildProcess;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    if (!existsSync(program)) throw new Error('the demo is not built: run pnpm run build first');
    this.#child = spawn(process.execPath, [program, ...args], {
      env: { ...process.env, ...env, TMPDIR: this.folder },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, as a terminal has one for each command.
      detached: true,
    });
    const keep = (text: Buffer): void => {
      this.output += text.toString();
    };
    this.#child.stdout?.on('data', keep);
    this.#child.stderr?.on('data', keep);
    this.exit = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.ended = true;
        resolve(code ?? signal ?? 'SIGKILL');
      });
    });
  }

  get url(): string {
    const url = /Open (http:\S+)/.exec(this.output)?.[1];
    if (url === undefined) throw new Error(`the demo has no page yet: ${this.output}`);
    return url;
  }

  /** What is left in its temporary folder. */
  get leftovers(): string[] {
    return readdirSync(this.folder);
  }

  async atWork(): Promise<void> {
    await this.until(() => /at work/.test(this.output) || this.ended);
    if (this.ended) throw new Error(`the demo ended before it was at work: ${this.output}`);
  }

  async text(path: string): Promise<string> {
    const response = await fetch(new URL(path, this.url));
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.text();
  }

  async view(): Promise<View> {
    return JSON.parse(await this.text('/view')) as View;
  }

  /** Looks ten times a second; the bound is for a machine that is busy with something else. */
  async until(done: () => boolean | Promise<boolean>, boundMs = 60_000): Promise<void> {
    for (const end = Date.now() + boundMs; Date.now() < end; await sleep(100)) if (await done()) return;
    throw new Error(`it did not happen within ${boundMs} ms; the demo said: ${this.output}`);
  }

  /** As a terminal does it: to every process of the group. */
  ctrlC(): void {
    process.kill(-(this.#child.pid ?? 0), 'SIGINT');
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async dispose(): Promise<void> {
    if (!this.ended) this.#child.kill('SIGTERM');
    await this.exit;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Whether that process runs. One that nobody has buried yet does not. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/** The processes that were started with a path below that folder. */
export function processesOf(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  });
}

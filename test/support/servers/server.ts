import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { requireTool } from '../require-tool.ts';
import { type Guard, startGuard } from './guard.ts';
import { freePort } from './ports.ts';
import { processTree, signalAll } from './process-tree.ts';
import { type Ids, idsOf } from './system-user.ts';

/** A real server that a test started. It listens on 127.0.0.1 and ends with the process that started it. */
export interface TestServer {
  readonly host: string;
  readonly port: number;
  /** Of the server while it runs; the last one while it does not. */
  readonly pid: number;
  /** What it works in; removed by `stop`. */
  readonly folder: string;
  /** Stops all its processes in their tracks (SIGSTOP): connections stay open and nothing answers. */
  freeze(): void;
  /** Lets them go on. */
  thaw(): void;
  /** Ends it without a chance to tidy up (SIGKILL); resolves when it is gone. Its data stay. */
  kill(): Promise<void>;
  /** Again after `kill`: same port, same data. Resolves when it takes connections. Nothing happens when it runs. */
  start(): Promise<void>;
  /** `kill` and `start`. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. Also done when this process ends, however it ends. */
  stop(): Promise<void>;
  /** The last that it wrote to its output. */
  output(): string;
}

/** Where one server works. */
export interface Place {
  readonly folder: string;
  /** The port for clients: the first of `ports`. */
  readonly port: number;
  readonly ports: readonly number[];
  /** Whom it runs as, when its recipe names a user and this process may choose; else empty. */
  readonly ids: Partial<Ids>;
}

/** How one kind of server is started. */
export interface Recipe {
  /** Its name in `require-tool.ts`. */
  readonly tool: string;
  /** Servers that refuse root run as this user, and own their folder. Looked at only when this process is root. */
  readonly user?: string;
  /** How many ports it needs: 1, unless said otherwise. */
  readonly ports?: number;
  /** Makes what it needs in its folder; once, before the first start. */
  prepare?(place: Place): Promise<void>;
  arguments(place: Place): readonly string[];
  environment?(place: Place): Readonly<Record<string, string>>;
  /** True when clients may come. Asked every few milliseconds; what it throws counts as no. */
  isReady(place: Place): Promise<boolean>;
  /** How long it may take to get ready. Default 20 s. */
  readonly readyMs?: number;
  /** What asks it to end. Default SIGTERM; after 3 s it gets SIGKILL. */
  readonly stopSignal?: NodeJS.Signals;
}

const keptOutput = 20_000;

/** Starts a server in a new folder on free ports. Resolves when clients may come; rejects with what it wrote. */
export async function startServer(recipe: Recipe): Promise<TestServer> {
  const tool = requireTool(recipe.tool);
  if (tool.missing !== undefined) throw new Error(tool.missing);
  const ids: Partial<Ids> = recipe.user !== undefined && process.getuid?.() === 0 ? idsOf(recipe.user) : {};
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const others = await Promise.all(Array.from({ length: (recipe.ports ?? 1) - 1 }, freePort));
    const folder = mkdtempSync(join(tmpdir(), `lockscope-${recipe.tool}-`));
    if (ids.uid !== undefined && ids.gid !== undefined) chownSync(folder, ids.uid, ids.gid);
    const server = new Server(recipe, tool.path, { folder, port, ports: [port, ...others], ids });
    try {
      await recipe.prepare?.(server.place);
      await server.start();
      return server;
    } catch (error) {
      await server.stop();
      // Another process may have taken the port since it was found free: then this server ended by itself.
      if (attempt === 3 || !/in use/i.test(String(error))) throw error;
    }
  }
}

/** Runs a program of a server to its end, as the server's user; rejects with its output when it fails. */
export async function runTool(file: string, args: readonly string[], place: Place): Promise<void> {
  const child = spawn(file, args, { cwd: place.folder, stdio: ['ignore', 'pipe', 'pipe'], ...place.ids });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${file} ended with ${code}:\n${output}`);
}

/** Connects, sends `question` (may be empty), and tells whether what comes back matches. For `isReady`. */
export function answers(port: number, question: string, expected: RegExp): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    let received = '';
    const end = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
    socket.on('connect', () => question !== '' && socket.write(question));
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text;
      if (expected.test(received)) end(true);
      else if (received.includes('\n')) end(false);
    });
  });
}

class Server implements TestServer {
  readonly host = '127.0.0.1';
  readonly place: Place;
  readonly #recipe: Recipe;
  readonly #path: string;
  readonly #guard: Guard;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #pid = 0;
  #output = '';
  #stopped = false;

  constructor(recipe: Recipe, path: string, place: Place) {
    this.#recipe = recipe;
    this.#path = path;
    this.place = place;
    this.#guard = startGuard(place.folder);
  }

  get port(): number {
    return this.place.port;
  }

  get folder(): string {
    return this.place.folder;
  }

  get pid(): number {
    return this.#pid;
  }

  output(): string {
    return this.#output;
  }

  freeze(): void {
    if (this.#child === undefined) throw new Error(`${this.#recipe.tool} does not run`);
    // A process may be born while the others are being stopped: look again until there is none that was not stopped.
    const frozen = new Set<number>();
    for (let fresh = [this.#pid]; fresh.length > 0; fresh = processTree(this.#pid).filter((pid) => !frozen.has(pid))) {
      signalAll(fresh, 'SIGSTOP');
      for (const pid of fresh) frozen.add(pid);
    }
    this.#guard.watch([...frozen]);
  }

  thaw(): void {
    if (this.#child !== undefined) signalAll(processTree(this.#pid), 'SIGCONT');
  }

  async kill(): Promise<void> {
    if (this.#child === undefined) return;
    // The children too: those of a server that was frozen would never notice that it is gone.
    signalAll(processTree(this.#pid), 'SIGKILL');
    await this.#ended;
  }

  async start(): Promise<void> {
    if (this.#stopped) throw new Error(`${this.#recipe.tool} was stopped: start another one`);
    if (this.#child !== undefined) return;
    const recipe = this.#recipe;
    const child = spawn(this.#path, recipe.arguments(this.place), {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...recipe.environment?.(this.place) },
      ...this.place.ids,
    });
    this.#child = child;
    this.#pid = child.pid ?? 0;
    if (child.pid !== undefined) this.#guard.watch([child.pid]);
    this.#output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-keptOutput);
      });
    }
    const ended = new Promise<void>((resolve) => {
      const end = (): void => {
        this.#child = undefined;
        resolve();
      };
      child.once('error', (error) => {
        this.#output += String(error);
        end();
      });
      child.once('close', end);
    });
    this.#ended = ended;
    await this.#untilReady(recipe.readyMs ?? 20_000);
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#child !== undefined) {
      this.thaw();
      signalAll([this.#pid], this.#recipe.stopSignal ?? 'SIGTERM');
      const waiting = new AbortController();
      await Promise.race([this.#ended, sleep(3_000, undefined, { signal: waiting.signal }).catch(() => {})]);
      waiting.abort();
      await this.kill();
    }
    this.#guard.dismiss();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #untilReady(readyMs: number): Promise<void> {
    const deadline = performance.now() + readyMs;
    while (performance.now() < deadline) {
      if (this.#child === undefined) throw this.#failure('ended before it was ready');
      if (await this.#recipe.isReady(this.place).catch(() => false)) {
        // Who answered may be another server that had the port: then this one has ended, or is about to.
        if (this.#child === undefined) throw this.#failure('ended before it was ready');
        return;
      }
      await sleep(5);
    }
    await this.kill();
    throw this.#failure(`was not ready after ${readyMs} ms`);
  }

  #failure(what: string): Error {
    return new Error(`${this.#recipe.tool} ${what}. It wrote:\n${this.#output.trim() || '(nothing)'}`);
  }
}

/** A folder within the place of a server, owned by whom it runs as. */
export function subfolder(place: Place, name: string): string {
  const path = join(place.folder, name);
  mkdirSync(path, { recursive: true });
  if (place.ids.uid !== undefined && place.ids.gid !== undefined) chownSync(path, place.ids.uid, place.ids.gid);
  return path;
}

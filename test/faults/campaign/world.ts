import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { startGuard } from '../../support/servers/guard.ts';
import type { TestServer } from '../../support/servers/server.ts';
import { type TcpProxy, startProxy } from '../../support/servers/tcp-proxy.ts';
import { type CampaignTimes, ClientProcess } from './client-process.ts';
import { type Verdict, check } from './check.ts';
import { machineTime } from './log.ts';
import type { Random } from './random.ts';

/** Where the locks of a campaign live. */
export interface Backend {
  readonly name: string;
  /** What the clients open: see `storages.ts`. */
  readonly storage: string;
  /** See `Endpoint`. */
  readonly needsWallClock?: boolean;
  /** False when a server that is killed forgets its locks. */
  readonly durable: boolean;
  /** Absent when the locks live in a file. */
  readonly start?: () => Promise<TestServer>;
}

/** How a campaign is set up. */
export interface WorldOptions {
  readonly backend: Backend;
  readonly random: Random;
  /** Names of the client processes: one whose name ends in `skewed` has a wall clock that is set all the time. */
  readonly clients: readonly string[];
  readonly times?: Partial<CampaignTimes>;
  /** Breaks the locks on purpose: every process has locks of its own. */
  readonly apart?: boolean;
}

const times: CampaignTimes = { leaseMs: 600, renewEveryMs: 200, marginMs: 200, waitMs: 1_500 };

/** A server, and client processes that each reach it through a network of their own. */
export class World {
  readonly backend: Backend;
  readonly random: Random;
  readonly times: CampaignTimes;
  readonly #options: WorldOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'lockscope-campaign-'));
  readonly #guard = startGuard(this.#folder);
  readonly #forgotAt: number[] = [];
  readonly #faults: { name: string; at: number }[] = [];
  readonly #clients: { process: ClientProcess; readonly proxy: TcpProxy | undefined }[] = [];
  readonly #all: ClientProcess[] = [];
  #server: TestServer | undefined;

  private constructor(options: WorldOptions) {
    this.#options = options;
    this.backend = options.backend;
    this.random = options.random;
    this.times = { ...times, ...options.times };
  }

  /** Everything runs, and every client has had a lock. */
  static async start(options: WorldOptions): Promise<World> {
    const world = new World(options);
    try {
      world.#server = await options.backend.start?.();
      for (const name of options.clients) {
        const proxy = world.#server && (await startProxy(world.#server.port));
        const client = await ClientProcess.start(name, world.#clientOptions(name, proxy));
        world.#clients.push({ process: client, proxy });
        world.#all.push(client);
      }
      await world.recovered();
      return world;
    } catch (error) {
      await world.end();
      throw error;
    }
  }

  get server(): TestServer {
    if (this.#server === undefined) throw new Error(`${this.backend.name} has no server`);
    return this.#server;
  }

  get proxies(): readonly TcpProxy[] {
    return this.#clients.flatMap(({ proxy }) => proxy ?? []);
  }

  get clients(): readonly ClientProcess[] {
    return this.#clients.map(({ process: client }) => client);
  }

  /** One of the clients, and the network between it and the server. */
  anyClient(): { readonly client: ClientProcess; readonly proxy: TcpProxy | undefined } {
    const { process: client, proxy } = this.random.pick(this.#clients);
    return { client, proxy };
  }

  /** Something goes wrong from now on. */
  begins(name: string): void {
    this.#faults.push({ name, at: machineTime() });
  }

  /** The server was killed: what it knew is lost, where it does not keep it. */
  async serverKilled(): Promise<void> {
    await this.server.kill();
    if (!this.backend.durable) this.#forgotAt.push(machineTime());
  }

  /** Another process takes the place of one that is gone. */
  async replace(gone: ClientProcess): Promise<void> {
    const place = this.#clients.find(({ process: client }) => client === gone);
    if (place === undefined) throw new Error(`${gone.name} is not at work`);
    const name = `${gone.name.split('+')[0]}+${this.#all.length}`;
    place.process = await ClientProcess.start(name, this.#clientOptions(name, place.proxy));
    this.#all.push(place.process);
  }

  /** Resolves when every client has got a lock since; gives how long that took. Rejects after `withinMs`. */
  async recovered(withinMs = 10_000): Promise<number> {
    const began = performance.now();
    const deadline = began + withinMs;
    await Promise.all(
      this.clients.map(async (client) => {
        const before = await client.acquired(withinMs);
        while ((await client.acquired(withinMs)) === before) {
          await sleep(20);
          if (performance.now() > deadline) throw new Error(`${client.name} got no lock: ${client.lastEnds()}`);
        }
      }),
    );
    return performance.now() - began;
  }

  /** Lets the clients finish what they do; they close all and end by themselves. Gives what came of it. */
  async finish(slackMs: number): Promise<Verdict> {
    const { clients } = this;
    const problems: string[] = [];
    for (const client of clients) client.tell({ do: 'finish' });
    await Promise.all(
      clients.map(async (client) => {
        try {
          await client.hears('finished', 2 * this.times.waitMs + 5_000);
          // A connection or a timer that was left open would keep it alive.
          const code = await client.gone(3_000);
          if (code !== 0) problems.push(`${client.name} ended with ${code}`);
          if (client.output !== '') problems.push(`${client.name} wrote: ${client.output.slice(0, 2_000)}`);
        } catch (error) {
          problems.push(`${client.name} did not end: ${String(error)}. ${client.output}`);
        }
      }),
    );
    const verdict = check(
      this.#all.map((client) => client.history()),
      { slackMs, forgotAt: this.#forgotAt, faults: this.#faults },
    );
    return { ...verdict, problems: [...problems, ...verdict.problems] };
  }

  /** Ends whatever still runs. */
  async end(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.kill()));
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
    await this.#server?.stop();
    this.#guard.dismiss();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #clientOptions(name: string, proxy: TcpProxy | undefined) {
    const { storage: backend, needsWallClock = false } = this.backend;
    const endpoint = { backend, needsWallClock, path: join(this.#folder, 'locks') };
    return {
      endpoint: proxy === undefined ? endpoint : { ...endpoint, port: proxy.port },
      log: join(this.#folder, `${name}.log`),
      seed: this.random.int(1, 2 ** 31),
      times: this.times,
      shared: ['shared/1', 'shared/2'],
      workers: 3,
      own: `own/${name}`,
      wallClock: /skewed(?:\+\d+)?$/.test(name) ? ('jumps' as const) : undefined,
      apart: this.#options.apart,
    };
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool, type ClientConfig } from 'pg';
import type { ResolvedOptions } from './postgres-options.ts';
import type { PostgresClient, PostgresPool, PostgresRows } from './postgres-pool.ts';

/** How long `close` waits for what is under way before it cuts the connections. */
const patienceMs = 2000;

/** The pool that the operations go through, given or made here. */
export class Database {
  readonly pool: PostgresPool;
  /** What the connection that listens is made with. */
  readonly listenConfig: ClientConfig;
  readonly #own: Pool | undefined;
  readonly #clients = new Set<Client>();
  readonly #timeoutMs: number;
  readonly #underWay = new Set<Promise<unknown>>();
  #ended: Promise<void> | undefined;

  constructor({ pool, connection, listen, timeoutMs }: ResolvedOptions) {
    this.#timeoutMs = timeoutMs;
    this.#own = pool === undefined ? new Pool(connection) : undefined;
    this.pool = pool ?? (this.#own as PostgresPool);
    this.listenConfig = listen ?? (pool === undefined ? connection : pool.options);
    this.#own?.on('connect', (client) => this.#clients.add(client));
    this.#own?.on('remove', (client) => this.#clients.delete(client));
    // An idle connection that breaks is replaced when it is needed; without a listener the process would end.
    this.pool.on('error', ignore);
  }

  /** One statement, one round trip, on any connection. Rejects with what `pg` throws. */
  async query(text: string, values: unknown[]): Promise<PostgresRows> {
    const answer = this.pool.query(timed(text, values, this.#timeoutMs));
    this.#underWay.add(answer);
    try {
      return await answer;
    } finally {
      this.#underWay.delete(answer);
    }
  }

  /**
   * Several statements on one connection, which is thrown away when one fails. `work` is also told which process of the
   * server it was given when it connected.
   */
  async session<T>(work: (client: PostgresClient, processId: unknown) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    const { processID } = client as { readonly processID?: unknown };
    // One that breaks between two statements would end the process; the next statement tells of it.
    client.on('error', ignore);
    const query: PostgresClient['query'] = ({ text, values = [] }) =>
      client.query(timed(text, values, this.#timeoutMs));
    const session = work({ query }, processID);
    this.#underWay.add(session);
    try {
      const result = await session;
      client.release();
      return result;
    } catch (error) {
      client.release(true);
      throw error;
    } finally {
      client.off('error', ignore);
      this.#underWay.delete(session);
    }
  }

  /** Waits a little for what is under way. A pool that was given stays open. */
  close(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    const own = this.#own;
    await atMost(patienceMs, this.#settled());
    if (own === undefined) {
      this.pool.off('error', ignore);
      return;
    }
    const ended = own.end();
    // The end of a connection that still runs a statement cuts it.
    if (this.#underWay.size > 0) for (const client of this.#clients) client.end().catch(ignore);
    await atMost(patienceMs, ended);
  }

  async #settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }
}

/** A connection of its own, beside the pool. */
export function newClient(config: ClientConfig): Client {
  return new Client({ connectionTimeoutMillis: 5000, ...config });
}

function timed(text: string, values: unknown[], timeoutMs: number): { text: string; values: unknown[] } {
  return { text, values, query_timeout: timeoutMs } as { text: string; values: unknown[] };
}

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const waiting = new AbortController();
  await Promise.race([work, sleep(ms, undefined, { signal: waiting.signal }).catch(ignore)]);
  waiting.abort();
}

function ignore(): void {}

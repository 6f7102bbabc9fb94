import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool, type ClientConfig } from 'pg';
import { isLostStatement } from './failure.ts';
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
  readonly #names = new Map<string, string>();
  #keepsStatements = true;
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
  query(text: string, values: unknown[]): Promise<PostgresRows> {
    return this.#settles(this.pool.query(timed(text, values, this.#timeoutMs)));
  }

  /**
   * The same for a statement that comes again and again: each connection reads and plans it once. Where it turns out that
   * connections are given away between two transactions, by a pooler that does not know of it, this stops for good.
   */
  async repeated(text: string, values: unknown[]): Promise<PostgresRows> {
    if (!this.#keepsStatements) return this.query(text, values);
    try {
      return await this.#settles(
        this.pool.query({ name: this.#nameOf(text), ...timed(text, values, this.#timeoutMs) }),
      );
    } catch (error) {
      if (!isLostStatement(error)) throw error;
      this.#keepsStatements = false;
      return this.query(text, values);
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

  async #settles<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(work);
    }
  }

  /** Never the same for two statements, whoever else is behind the same pooler. */
  #nameOf(text: string): string {
    let name = this.#names.get(text);
    if (name === undefined) {
      name = `lockscope_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
      this.#names.set(text, name);
    }
    return name;
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

import { Client } from 'pg';
import { afterAll, afterEach, vi } from 'vitest';
import { startProxy, type TcpProxy } from '../../../../test/support/servers/tcp-proxy.ts';
import {
  startPostgres,
  type PostgresTestOptions,
  type PostgresTestServer,
} from '../../../../test/support/servers/postgres.ts';
import { PostgresStorage, type PostgresConnectionOptions } from '../src/index.ts';

let server: Promise<PostgresTestServer> | undefined;
let proxy: Promise<TcpProxy> | undefined;
let schemas = 0;
const opened: (() => unknown)[] = [];

afterEach(async () => {
  for (const undo of opened.splice(0).toReversed()) await undo();
});

afterAll(async () => {
  await (await proxy)?.close();
  await (await server)?.stop();
});

// A server starts in a second, on a busy machine in ten.
vi.setConfig({ testTimeout: 60_000 });

/** The server of this test file, started when it is needed first. */
export function theServer(options?: PostgresTestOptions): Promise<PostgresTestServer> {
  server ??= startPostgres(options);
  return server;
}

/** A network in front of the server of this test file. */
export function theProxy(): Promise<TcpProxy> {
  proxy ??= theServer().then(({ port }) => startProxy(port));
  return proxy;
}

/** The name of a schema that nobody used before. */
export function newSchema(): string {
  schemas += 1;
  return `locks_${schemas}`;
}

/** A storage on the server of this test file, closed after the test. */
export async function openStorage(options: Partial<PostgresConnectionOptions> = {}): Promise<PostgresStorage> {
  const { url } = await theServer();
  const storage = new PostgresStorage({ connection: url, ...options });
  opened.push(() => storage.close());
  return storage;
}

/** A plain connection to the same database: what somebody else does with it. */
export async function openPlain(): Promise<Client> {
  const { url } = await theServer();
  const client = new Client(url);
  client.on('error', () => undefined);
  await client.connect();
  opened.push(() => client.end());
  return client;
}

/** Runs one statement on a connection of its own. */
export async function run(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = await openPlain();
  return (await client.query(sql, values)).rows as Record<string, unknown>[];
}

/** To be done after the test. */
export function later(undo: () => unknown): void {
  opened.push(undo);
}

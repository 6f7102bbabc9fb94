import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

import { MemoryStorage } from '@lockscope/storage';
import { createLocks, fencedHeaders, fencedSql, type HeldLock, type Locks } from '@lockscope/storage-lock';
import { Recorder } from '@lockscope/testkit';
import { createConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { describeWith } from '../support/describe-with.ts';
import { startMariadb } from '../support/servers/mariadb.ts';
import { startPostgres } from '../support/servers/postgres.ts';

/** What a lock protects: one row, written with a guard. */
interface Order {
  /** Whether the row was changed. */
  pay(lock: HeldLock, by: string): Promise<boolean>;
  read(): Promise<{ readonly by: string | null; readonly token: number | null }>;
}

const schema = 'CREATE TABLE orders (id INTEGER PRIMARY KEY, paid_by VARCHAR(20), fencing_token BIGINT)';
const row = 'INSERT INTO orders (id) VALUES (42)';

interface Sqlite {
  exec(sql: string): unknown;
  prepare(sql: string): {
    run(...values: unknown[]): { readonly changes: number | bigint };
    get(): { readonly paid_by: string | null; readonly fencing_token: number | null };
  };
}

function openSqlite(): Sqlite {
  const builtin = process.getBuiltinModule?.('node:sqlite') as
    | { DatabaseSync: new (path: string) => Sqlite }
    | undefined;
  const driver = builtin?.DatabaseSync ?? (createRequire(import.meta.url)('libsql') as new (path: string) => Sqlite);
  return new driver(':memory:');
}

/** Two processes over one storage, of which neither hears from the other what happens. */
function twoProcesses(): { readonly first: Locks; readonly second: Locks; readonly recorder: Recorder } {
  const storage = new MemoryStorage();
  const recorder = new Recorder();
  const first = createLocks({ storage, listeners: [recorder] });
  const second = createLocks({ storage });
  onTestFinished(async () => {
    await Promise.all([first.close(), second.close()]);
  });
  return { first, second, recorder };
}

/** A holder is robbed between its last look at the lock and its write. */
async function writeTooLate(order: Order): Promise<void> {
  const { first, second, recorder } = twoProcesses();
  const stale = await first.acquire('orders/42', { owner: 'stale' });
  expect(await order.pay(stale, 'the first')).toBe(true);
  expect(await order.pay(stale, 'the first again')).toBe(true);
  stale.assertHeld();

  await second.forceRelease('orders/42', { reason: 'its process seems to be gone' });
  const fresh = await second.acquire('orders/42', { owner: 'fresh' });
  expect(await order.pay(fresh, 'the second')).toBe(true);

  expect(await order.pay(stale, 'the first, too late')).toBe(false);
  const { by, token } = await order.read();
  expect([by, token]).toEqual(['the second', fresh.fencingToken]);
  stale.fenceRejected({ resource: 'orders', ...(token !== null && { currentToken: token }) });
  expect(recorder.ends('fence.rejected')).toMatchObject([
    {
      lockKey: 'orders/42',
      ownerId: 'stale',
      details: { fencingToken: stale.fencingToken, resource: 'orders', currentToken: fresh.fencingToken },
    },
  ]);
}

describe('a guarded write', () => {
  it('of a holder that was robbed is refused by SQLite, and its listeners hear of it', async () => {
    const database = openSqlite();
    database.exec(schema);
    database.exec(row);
    await writeTooLate({
      async pay(lock, by) {
        const { set, where, token } = fencedSql(lock);
        const update = database.prepare(`UPDATE orders SET paid_by = ?, ${set} WHERE id = ? AND ${where}`);
        return Number(update.run(by, token, 42, token).changes) === 1;
      },
      async read() {
        const found = database.prepare('SELECT paid_by, fencing_token FROM orders').get();
        return { by: found.paid_by, token: found.fencing_token };
      },
    });
  });

  it('is refused by a service that keeps the greatest token of each resource', async () => {
    let known: { readonly by: string | null; readonly token: number | null } = { by: null, token: null };
    const server = createServer((request, response) => {
      const token = Number(request.headers['fencing-token'] ?? Number.NaN);
      const refused = !(token >= (known.token ?? 0));
      if (!refused) known = { by: String(request.headers['x-by']), token };
      response.writeHead(refused ? 409 : 204).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders/42`;
    await writeTooLate({
      async pay(lock, by) {
        const { ok, body } = await fetch(url, { method: 'POST', headers: { ...fencedHeaders(lock), 'x-by': by } });
        await body?.cancel();
        return ok;
      },
      read: async () => known,
    });
  });
});

describeWith(['postgres', 'initdb'], 'a guarded write to PostgreSQL', () => {
  let stop: () => Promise<void>;
  let client: Client;
  beforeAll(async () => {
    const server = await startPostgres();
    stop = () => server.stop();
    client = new Client({ connectionString: server.url });
    await client.connect();
  });
  afterAll(async () => {
    await client?.end();
    await stop?.();
  });

  it('of a holder that was robbed is refused', async () => {
    await client.query(schema);
    await client.query(row);
    await writeTooLate({
      async pay(lock, by) {
        const { set, where, token } = fencedSql(lock, { parameter: '$1' });
        const text = `UPDATE orders SET paid_by = $2, ${set} WHERE id = $3 AND ${where}`;
        return (await client.query(text, [token, by, 42])).rowCount === 1;
      },
      async read() {
        const { rows } = await client.query<{ paid_by: string; fencing_token: string }>('SELECT * FROM orders');
        return { by: rows[0]?.paid_by ?? null, token: Number(rows[0]?.fencing_token) };
      },
    });
  });
});

describeWith(['mariadbd', 'mariadb-install-db'], 'a guarded write to MariaDB', () => {
  let stop: () => Promise<void>;
  let connection: Awaited<ReturnType<typeof createConnection>>;
  beforeAll(async () => {
    const server = await startMariadb();
    stop = () => server.stop();
    connection = await createConnection(server.url);
    await connection.query('CREATE DATABASE shop');
    await connection.query('USE shop');
  });
  afterAll(async () => {
    await connection?.end();
    await stop?.();
  });

  it('of a holder that was robbed is refused', async () => {
    await connection.query(schema);
    await connection.query(row);
    await writeTooLate({
      async pay(lock, by) {
        const { set, where, token } = fencedSql(lock);
        const text = `UPDATE orders SET paid_by = ?, ${set} WHERE id = ? AND ${where}`;
        const [{ affectedRows }] = await connection.execute<ResultSetHeader>(text, [by, token, 42, token]);
        return affectedRows === 1;
      },
      async read() {
        const [[found]] = await connection.query<RowDataPacket[]>('SELECT * FROM orders');
        return { by: found?.['paid_by'] as string, token: Number(found?.['fencing_token']) };
      },
    });
  });
});

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Client, Pool } from 'pg';
import { describe, expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { PostgresStorage } from '../src/index.ts';
import { later, newSchema, openStorage, run, theServer } from './schemas.ts';
import { request, taken } from '../../../../test/support/requests.ts';

const failed = (text: string) => ({ code: 'STORAGE_FAILED', message: expect.stringContaining(text) as string });

/** A statement that keeps one key busy until the test ends. */
async function keepBusy(schema: string, key: string): Promise<void> {
  const { url } = await theServer();
  const client = new Client(url);
  client.on('error', () => undefined);
  await client.connect();
  later(() => client.end());
  await client.query('BEGIN');
  await client.query(`SELECT ${schema}.enter($1)`, [key]);
}

describe('without a server', () => {
  test('every operation says that nobody listens there', async () => {
    const storage = new PostgresStorage({ connection: 'postgres://nobody@127.0.0.1:1/nothing' });
    await expect(storage.acquire(request('k', 'l'))).rejects.toMatchObject(failed('no PostgreSQL listens there'));
    await expect(storage.read('k')).rejects.toMatchObject(failed('no PostgreSQL listens there'));
    await expect(storage.examine()).rejects.toMatchObject(failed('no PostgreSQL listens there'));
    await storage.close();
  });

  test('who means to wait and to be told is told no later that nobody listens there', async () => {
    const storage = new PostgresStorage({ connection: 'postgres://nobody@127.0.0.1:1/nothing' });
    storage.watch?.('k', 'l', () => undefined);
    await expect(storage.acquire(request('k', 'l', { waitMs: 1000 }))).rejects.toMatchObject(failed('no PostgreSQL'));
    await storage.close();
  });
});

describeWith(['postgres', 'initdb'], 'trouble', () => {
  test('with an idle connection that an administrator ends is nobody’s concern', async () => {
    const storage = await openStorage({ schema: newSchema() });
    await taken(storage, 'k', 'l');
    const { url } = await theServer();
    const pool = new Pool({ connectionString: url });
    later(() => pool.end());
    const beside = new PostgresStorage({ pool, schema: newSchema() });
    await taken(beside, 'k', 'l');
    await run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
    expect((await storage.read('k')).record).toMatchObject({ leaseId: 'l' });
    expect((await beside.read('k')).record).toMatchObject({ leaseId: 'l' });
    await beside.close();
  });

  test('with a server that stands still is told within the time that an operation may take', async () => {
    const server = await theServer();
    const storage = await openStorage({ schema: newSchema(), timeoutMs: 300 });
    await taken(storage, 'k', 'l', { leaseMs: 600_000 });
    server.freeze();
    try {
      await expect(storage.renew('k', 'l', 600_000)).rejects.toMatchObject(failed('did not answer in time'));
    } finally {
      server.thaw();
    }
    expect(await storage.renew('k', 'l', 600_000)).toMatchObject({ renewed: true });
  });

  test('with a frozen server does not keep a storage from being closed', async () => {
    const server = await theServer();
    const storage = await openStorage({ schema: newSchema() });
    await storage.read('k');
    server.freeze();
    try {
      const reading = storage.read('k').catch((error: unknown) => error);
      await storage.close();
      expect(await reading).toMatchObject({ code: 'STORAGE_FAILED' });
    } finally {
      server.thaw();
    }
  });

  test('with a key that another transaction keeps is told by the timeouts of the server', async () => {
    const schema = newSchema();
    const { url } = await theServer();
    const slow = await openStorage({ schema, connection: `${url}?options=-c%20statement_timeout%3D200` });
    const locked = await openStorage({ schema, connection: `${url}?options=-c%20lock_timeout%3D200` });
    await slow.read('k');
    await keepBusy(schema, 'k');
    await expect(slow.acquire(request('k', 'l'))).rejects.toMatchObject(failed('statement_timeout'));
    await expect(locked.acquire(request('k', 'l'))).rejects.toMatchObject(failed('lock_timeout'));
    await taken(slow, 'other', 'l');
  });

  test('with a role that may only read is told as such, and it can look', async () => {
    const schema = newSchema();
    const { url } = await theServer();
    const storage = await openStorage({ schema });
    await taken(storage, 'k', 'l');
    const reader = await openStorage({ schema, connection: `${url}?options=-c%20default_transaction_read_only%3Don` });
    await expect(reader.acquire(request('k', 'l2'))).resolves.toMatchObject({ acquired: false });
    await expect(reader.acquire(request('free', 'l2'))).rejects.toMatchObject(failed('may only be read'));
    expect((await reader.read('k')).record).toMatchObject({ leaseId: 'l' });
  });

  test('with another isolation level is told before anything is decided', async () => {
    const { url } = await theServer();
    const connection = `${url}?options=-c%20default_transaction_isolation%3Dserializable`;
    const storage = await openStorage({ schema: newSchema(), connection });
    await expect(storage.acquire(request('k', 'l'))).rejects.toMatchObject(failed('needs the isolation level'));
  });

  test('with a server that has no connection left is told as such', async () => {
    const { port } = await theServer();
    await run('CREATE ROLE crowded LOGIN CONNECTION LIMIT 1');
    const connection = { connectionString: `postgres://crowded@127.0.0.1:${port}/postgres`, max: 2 };
    const other = new Client(connection.connectionString);
    await other.connect();
    later(() => other.end());
    const storage = await openStorage({ schema: newSchema(), connection });
    await expect(storage.read('k')).rejects.toMatchObject(failed('no connection left'));
  });

  test('with a database or a name that is not there is told as such', async () => {
    const { port } = await theServer();
    const nowhere = await openStorage({ connection: `postgres://postgres@127.0.0.1:${port}/nowhere` });
    await expect(nowhere.read('k')).rejects.toMatchObject(failed('there is no such database'));
    const nobody = await openStorage({ connection: `postgres://stranger@127.0.0.1:${port}/postgres` });
    await expect(nobody.read('k')).rejects.toMatchObject(failed('the server refuses this role'));
  });

  test('with a server that accepts connections and says nothing is told when the pool gives up', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const storage = new PostgresStorage({
      connection: { connectionString: `postgres://postgres@127.0.0.1:${port}/postgres`, connectionTimeoutMillis: 300 },
    });
    await expect(storage.read('k')).rejects.toMatchObject(failed('no connection was free or could be made in time'));
    await storage.close();
    silent.close();
  });

  test('with a pool of one connection that is in use is told when the pool gives up', async () => {
    const { url } = await theServer();
    const pool = new Pool({ connectionString: url, max: 1, connectionTimeoutMillis: 2_000 });
    later(() => pool.end());
    const storage = new PostgresStorage({ pool, schema: newSchema() });
    await storage.read('k');
    const client = await pool.connect();
    await expect(storage.read('k')).rejects.toMatchObject(failed('no connection was free'));
    client.release();
    await storage.read('k');
    await storage.close();
  });
});

describeWith(['postgres', 'initdb'], 'a pool that was given', () => {
  test('stays open when the storage is closed, and is left without a listener of ours', async () => {
    const { url } = await theServer();
    const pool = new Pool({ connectionString: url });
    later(() => pool.end());
    const storage = new PostgresStorage({ pool, schema: newSchema() });
    await taken(storage, 'k', 'l');
    await storage.close();
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect(pool.listenerCount('error')).toBe(0);
  });

  test('makes the connection that listens, too', async () => {
    const { url } = await theServer();
    const pool = new Pool({ connectionString: url, application_name: 'orders' });
    later(() => pool.end());
    const storage = new PostgresStorage({ pool, schema: newSchema() });
    await taken(storage, 'k', 'l');
    const told = new Promise((resolve) => storage.watch?.('k', 'w', resolve));
    await storage.acquire(request('k', 'w', { waitMs: 10_000 }));
    await storage.release('k', 'l');
    expect(await told).toMatchObject({ type: 'granted' });
    await storage.close();
  });
});

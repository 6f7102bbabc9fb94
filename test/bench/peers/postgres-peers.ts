import { PostgresStorage } from '@lockscope/storage-postgres';
import type { HeldLock } from '@lockscope/storage-lock';
import { Client } from 'pg';

import { lockscopeParty } from './lockscope.ts';
import type { Party, Peer } from './peer.ts';

/** Lets others in while it waits, and knows no lease: the lock is lost with the connection, and no sooner. */
export const pgAdvisory: Peer = {
  name: 'pg_advisory_lock, waiting in the server (no lease)',
  server: 'postgres',
  async open(url): Promise<Party<string>> {
    const client = await connect(url);
    return {
      async acquire(key) {
        await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [key]);
        return key;
      },
      release: (key) => client.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [key]),
      close: () => client.end(),
    };
  },
};

/** The least that has a lease and outlives its connection. */
export const pgRow: Peer = {
  name: 'bare row, insert and delete',
  server: 'postgres',
  async open(url): Promise<Party<string>> {
    const client = await connect(url);
    await client
      .query(
        'CREATE TABLE IF NOT EXISTS bare_lock (key text PRIMARY KEY, token text NOT NULL, until timestamptz NOT NULL)',
      )
      // Two that begin at once may both find it missing.
      .catch(() => undefined);
    return {
      async acquire(key) {
        const insert = `INSERT INTO bare_lock VALUES ($1, $2, now() + interval '30 s') ON CONFLICT DO NOTHING`;
        if ((await client.query(insert, [key, 'token'])).rowCount !== 1) throw new Error(`${key} is taken`);
        return key;
      },
      release: (key) => client.query('DELETE FROM bare_lock WHERE key = $1 AND token = $2', [key, 'token']),
      close: () => client.end(),
    };
  },
};

export const lockscopePostgres: Peer = {
  name: 'Lockscope',
  server: 'postgres',
  open: (url): Promise<Party<HeldLock>> => Promise.resolve(lockscopeParty(new PostgresStorage({ connection: url }))),
};

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}

import { randomUUID } from 'node:crypto';

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

/**
 * One row a key with the channels of the holder and of all who wait: a release takes the first one off and tells the next
 * one with `NOTIFY`, in one statement that waits for no disk. The least that a hand-over costs by which nobody's
 * connection has to stand still; no lock, as who dies stays the first in line.
 */
export const pgNotify: Peer = {
  name: 'bare row and NOTIFY (no lease)',
  server: 'postgres',
  async open(url): Promise<Party<string>> {
    const [client, listening] = await Promise.all([connect(url), connect(url)]);
    const channel = `bare_${randomUUID().replaceAll('-', '')}`;
    const told = new Map<string, () => void>();
    listening.on('notification', ({ payload = '' }) => told.get(payload)?.());
    await listening.query(`LISTEN "${channel}"`);
    await client.query('SET synchronous_commit = off');
    await client
      .query('CREATE TABLE IF NOT EXISTS bare_line (key text PRIMARY KEY, line text[] NOT NULL)')
      // Two that begin at once may both find it missing.
      .catch(() => undefined);
    return {
      async acquire(key) {
        // It may be told before it has the answer.
        const turn = new Promise<void>((resolve) => told.set(key, resolve));
        const { rows } = await client.query<{ first: boolean }>(standInLine, [key, channel]);
        if (!(rows[0]?.first ?? false)) await turn;
        return key;
      },
      release: (key) => client.query(tellTheNext, [key]),
      close: () => Promise.all([client.end(), listening.end()]),
    };
  },
};

const standInLine = `INSERT INTO bare_line AS b VALUES ($1, ARRAY[$2::text])
  ON CONFLICT (key) DO UPDATE SET line = b.line || $2::text RETURNING cardinality(line) = 1 AS first`;
const tellTheNext = `UPDATE bare_line SET line = line[2:] WHERE key = $1
  RETURNING CASE WHEN cardinality(line) > 0 THEN pg_notify(line[1], key) END`;

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

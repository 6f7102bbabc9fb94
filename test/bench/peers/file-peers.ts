import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync } from 'node:fs';

import { FileStorage } from '@lockscope/storage-file';
import type { HeldLock } from '@lockscope/storage-lock';
import { SqliteStorage } from '@lockscope/storage-sqlite';
import Database from 'libsql';
import { lock } from 'proper-lockfile';

import { lockscopeParty } from './lockscope.ts';
import type { Party, Peer } from './peer.ts';
import { versionOf } from './version-of.ts';

export const properLockfile: Peer = {
  name: `proper-lockfile ${versionOf('proper-lockfile')}`,
  server: 'none',
  open(folder): Promise<Party<() => Promise<void>>> {
    mkdirSync(`${folder}/orders`, { recursive: true });
    const made = new Set<string>();
    return Promise.resolve({
      acquire(key) {
        const file = `${folder}/${key}`;
        // It locks files that are there.
        if (!made.has(file)) closeSync(openSync(file, 'a'));
        made.add(file);
        return lock(file, { retries: 10 });
      },
      release: (unlock) => unlock(),
      close: () => Promise.resolve(),
    });
  },
};

/** A transaction that writes the record and one that deletes it, with the same settings of the file as ours. */
export const bareSqlite: Peer = {
  name: 'bare SQLite, insert and delete',
  server: 'none',
  open(folder): Promise<Party<{ readonly key: string; readonly token: string }>> {
    const database = new Database(`${folder}/bare.db`);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000');
    database.exec('CREATE TABLE IF NOT EXISTS locks (key TEXT PRIMARY KEY, token TEXT NOT NULL, until REAL NOT NULL)');
    const insert = database.prepare('INSERT INTO locks VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
    const remove = database.prepare('DELETE FROM locks WHERE key = ? AND token = ?');
    return Promise.resolve({
      acquire(key) {
        const token = randomUUID();
        if (insert.run(key, token, Date.now() + 30_000).changes !== 1) throw new Error(`${key} is taken`);
        return Promise.resolve({ key, token });
      },
      release: ({ key, token }) => Promise.resolve(remove.run(key, token)),
      close: () => Promise.resolve(database.close()),
    });
  },
};

export const lockscopeSqlite: Peer = {
  name: 'Lockscope, SQLite',
  server: 'none',
  open: (folder): Promise<Party<HeldLock>> =>
    Promise.resolve(lockscopeParty(new SqliteStorage({ path: `${folder}/lockscope.db` }))),
};

export const lockscopeFile: Peer = {
  name: 'Lockscope, files',
  server: 'none',
  open(folder): Promise<Party<HeldLock>> {
    const path = `${folder}/lockscope`;
    mkdirSync(path, { recursive: true });
    return Promise.resolve(lockscopeParty(new FileStorage({ path })));
  },
};

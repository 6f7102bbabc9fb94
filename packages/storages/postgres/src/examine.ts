import type { Finding } from '@lockscope/storage';
import type { Database } from './database.ts';
import type { Listener } from './listener.ts';
import type { ResolvedOptions } from './postgres-options.ts';

const settings = `
SELECT pg_is_in_recovery() AS standby, pg_backend_pid() AS pid,
  extract(epoch FROM clock_timestamp())::float8 * 1000 AS now,
  current_setting('transaction_read_only') AS read_only,
  current_setting('default_transaction_isolation') AS isolation,
  current_setting('synchronous_commit') AS synchronous_commit,
  current_setting('fsync') AS fsync,
  current_setting('full_page_writes') AS full_page_writes,
  current_setting('server_encoding') AS encoding,
  current_setting('server_version_num')::integer AS version,
  (SELECT setting::bigint FROM pg_settings WHERE name = 'statement_timeout') AS statement_timeout,
  (SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'async')::integer AS async_standbys`;

/** How far apart the clocks may be before it is said. Leases do not depend on it, times that people compare do. */
const clockToleranceMs = 1000;
/** A lease of usual length, which waiting for a connection must not use up. */
const shortLeaseMs = 10_000;

type Row = Readonly<Record<string, unknown>>;

/** What a person would miss: settings of the server, of the way to it and of the pool. */
export async function examine(
  database: Database,
  options: ResolvedOptions,
  listener: Listener,
): Promise<readonly Finding[]> {
  return database.session(async (client, processId) => {
    const before = Date.now();
    const { rows } = await client.query({ text: settings });
    const after = Date.now();
    const row = rows[0] ?? {};
    const backend = (await client.query({ text: 'SELECT pg_backend_pid() AS pid' })).rows[0]?.['pid'];
    // A pooler makes up the process that it tells of, or gives the connection away in between.
    const isPooled = backend !== row['pid'] || (typeof processId === 'number' && processId !== row['pid']);
    return [
      ...ofTheServer(row),
      ...ofDurability(row, options),
      ...ofTheClock(Number(row['now']), before, after),
      ...ofTheWay(isPooled, options, listener),
      ...ofThePool(database.pool.options as Row, row),
    ];
  });
}

function ofTheServer(row: Row): Finding[] {
  const findings: Finding[] = [];
  if (row['standby'] === true || row['read_only'] === 'on') {
    findings.push({
      level: 'problem',
      check: 'writable',
      message:
        row['standby'] === true
          ? 'the server is a standby: it gives no locks'
          : 'transactions are read-only by default',
      remedy: 'connect to the primary, with target_session_attrs=read-write or through what always leads to it',
    });
  } else findings.push({ level: 'ok', check: 'writable', message: 'the server takes writes' });
  if (row['isolation'] !== 'read committed') {
    findings.push({
      level: 'problem',
      check: 'isolation',
      message: `default_transaction_isolation is ${String(row['isolation'])}: every operation fails`,
      remedy: "ALTER ROLE ... SET default_transaction_isolation = 'read committed', for the role of Lockscope",
    });
  }
  if (row['encoding'] !== 'UTF8') {
    findings.push({
      level: 'warning',
      check: 'encoding',
      message: `the database is encoded in ${String(row['encoding'])}: keys with other characters fail`,
      remedy: 'use a database with encoding UTF8',
    });
  }
  return findings;
}

function ofDurability(row: Row, { durability }: ResolvedOptions): Finding[] {
  const findings: Finding[] = [];
  for (const name of ['fsync', 'full_page_writes']) {
    if (row[name] === 'on') continue;
    findings.push({
      level: 'problem',
      check: 'durability',
      message: `${name} is off: a power failure can forget locks that are held, and damage the database`,
      remedy: `set ${name} = on`,
    });
  }
  if (durability === 'none') {
    findings.push({
      level: 'warning',
      check: 'durability',
      message: 'durability is none: a crash of the server can forget locks that are held, and give tokens again',
      remedy: 'set durability to grants',
    });
  } else if (row['synchronous_commit'] === 'off') {
    findings.push({
      level: 'ok',
      check: 'durability',
      message: 'synchronous_commit is off; grants wait for the disk all the same',
    });
  }
  const standbys = Number(row['async_standbys']);
  if (standbys > 0) {
    findings.push({
      level: 'warning',
      check: 'replication',
      message: `${standbys} standbys follow without being waited for: when one of them becomes the primary, the last grants are lost, and two can have a lock`,
      remedy: 'set synchronous_standby_names, or guard what the locks protect with the fencing token',
    });
  }
  return findings;
}

function ofTheClock(now: number, before: number, after: number): Finding[] {
  const offset = Math.round(now - (before + after) / 2);
  if (Math.abs(offset) <= clockToleranceMs + (after - before)) {
    return [{ level: 'ok', check: 'clock', message: `the server's clock is ${offset} ms from this machine's` }];
  }
  return [
    {
      level: 'warning',
      check: 'clock',
      message: `the server's clock is ${offset} ms from this machine's. Leases go by the server's; times in logs do not fit`,
      remedy: 'let both follow one time server',
    },
  ];
}

function ofTheWay(isPooled: boolean, { notifications, listen }: ResolvedOptions, { problem }: Listener): Finding[] {
  if (!notifications) {
    return [
      {
        level: 'warning',
        check: 'notifications',
        message: 'notifications is false: waiters ask again and again',
        ...(isPooled && { remedy: 'give listen a connection that goes to the server itself' }),
      },
    ];
  }
  if (problem !== undefined) return [{ level: 'problem', check: 'notifications', message: problem }];
  if (isPooled && listen === undefined) {
    return [
      {
        level: 'warning',
        check: 'pooler',
        message: 'a pooler is in between. If it gives connections away after each transaction, waiters hear nothing',
        remedy: 'give listen a connection that goes to the server itself',
      },
    ];
  }
  return [{ level: 'ok', check: 'notifications', message: 'waiters are told' }];
}

function ofThePool(options: Row, row: Row): Finding[] {
  const findings: Finding[] = [];
  const { max, connectionTimeoutMillis } = options;
  if (max === 1) {
    findings.push({
      level: 'warning',
      check: 'pool',
      message: 'the pool has one connection: a renewal waits behind every other statement',
      remedy: 'give the pool at least 2 connections, or the storage a pool of its own',
    });
  }
  const timeout = Number(connectionTimeoutMillis ?? 0);
  if (timeout === 0 || timeout > shortLeaseMs) {
    findings.push({
      level: 'warning',
      check: 'pool',
      message:
        timeout === 0
          ? 'connectionTimeoutMillis is 0: an operation waits for a free connection for ever'
          : `connectionTimeoutMillis is ${timeout}: an operation may wait for a connection longer than a lease lasts`,
      remedy: 'set connectionTimeoutMillis to a third of the shortest lease',
    });
  }
  const statementTimeout = Number(row['statement_timeout']);
  if (statementTimeout > 0 && statementTimeout < 1000) {
    findings.push({
      level: 'warning',
      check: 'statement-timeout',
      message: `statement_timeout is ${statementTimeout} ms: operations on a lock that many want may be given up`,
      remedy: 'set it to a second or more for the role of Lockscope',
    });
  }
  return findings;
}

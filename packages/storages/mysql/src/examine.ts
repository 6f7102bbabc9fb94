import type { Finding } from '@lockscope/storage';
import { errorNumber } from './failure.ts';
import { send, type Connection } from './mysql-pool.ts';
import { integer, rowsOf } from './row.ts';
import { clock } from './statements.ts';
import { literal } from './script.ts';
import { tableNames } from './tables.ts';

/** What the findings are about, beside the server. */
export interface Examined {
  readonly connection: Connection;
  readonly prefix: string;
  readonly commandTimeoutMs: number;
  /** At most so many connections of the pool; undefined where it does not say. */
  readonly connectionLimit: number | undefined;
}

type Settings = ReadonlyMap<string, string>;
/** What a check finds; nothing where it does not apply. */
type Check = (server: Settings, examined: Examined) => Finding | undefined;

const variables = [
  'read_only',
  'super_read_only',
  'innodb_flush_log_at_trx_commit',
  'log_bin',
  'binlog_format',
  'max_connections',
  'wsrep_on',
  'group_replication_single_primary_mode',
];
const states = [
  'Threads_connected',
  'Rpl_semi_sync_master_status',
  'Rpl_semi_sync_source_status',
  'wsrep_cluster_size',
];
const crowded = 0.8;
const slackMs = 1000;
const longTimeoutMs = 10_000;

/** Looks at the server, the tables and the pool. Reads only; what this user may not see is left out. */
export async function examine(examined: Examined): Promise<readonly Finding[]> {
  const { connection } = examined;
  const server = new Map([
    ...(await settings(connection, 'VARIABLES', variables)),
    ...(await settings(connection, 'STATUS', states)),
  ]);
  const found = checks.map((check) => check(server, examined));
  found.push(await checkReplicas(connection, server), await checkClock(connection), await checkTables(examined));
  return found.filter((finding) => finding !== undefined);
}

const checks: readonly Check[] = [
  (server) => {
    const isReadOnly = ['read_only', 'super_read_only'].some((name) => isOn(server.get(name)));
    if (!isReadOnly) return { level: 'ok', check: 'read-only', message: 'the server takes writes' };
    return {
      level: 'problem',
      check: 'read-only',
      message: 'the server is read-only, as a replica is',
      remedy: 'connect to the server that takes writes',
    };
  },
  (server) => {
    const flush = server.get('innodb_flush_log_at_trx_commit');
    const check = 'durability';
    if (flush === '1')
      return { level: 'ok', check, message: 'every commit is on disk (innodb_flush_log_at_trx_commit = 1)' };
    return {
      level: 'warning',
      check,
      message: `innodb_flush_log_at_trx_commit = ${flush}: a power failure${flush === '0' ? ' or a crash of the server' : ''} can take the commits of the last second with it. Two can have one lock then, and a token can come twice`,
      remedy: 'set innodb_flush_log_at_trx_commit = 1',
    };
  },
  (server) => {
    if (!isOn(server.get('log_bin')) || server.get('binlog_format') !== 'STATEMENT') return undefined;
    return {
      level: 'warning',
      check: 'binlog-format',
      message:
        'binlog_format = STATEMENT rules out READ COMMITTED: waiters of different locks can get in each other’s way (deadlocks, which are tried again)',
      remedy: 'set binlog_format = ROW or MIXED',
    };
  },
  (server) => {
    const size = Number(server.get('wsrep_cluster_size') ?? 0);
    if (!isOn(server.get('wsrep_on')) && !(size > 0)) return undefined;
    return {
      level: 'warning',
      check: 'galera',
      message:
        'this is a Galera cluster: nodes find out at the commit that both gave a lock, and one of them fails. A sweep on one node does not stop acquires on another',
      remedy: 'let all processes use the same node (one writer)',
    };
  },
  (server) => {
    const single = server.get('group_replication_single_primary_mode');
    if (single === undefined || isOn(single)) return undefined;
    return {
      level: 'warning',
      check: 'group-replication',
      message:
        'several servers of the group take writes: they find out at the commit that both gave a lock, and one of them fails',
      remedy: 'use single-primary mode',
    };
  },
  (server) => {
    const most = Number(server.get('max_connections'));
    const open = Number(server.get('Threads_connected'));
    const isFull = open > crowded * most;
    return {
      level: isFull ? 'warning' : 'ok',
      check: 'connections',
      message: `${open} of ${most} connections are in use`,
      ...(isFull && { remedy: 'raise max_connections: who gets no connection cannot renew' }),
    };
  },
  (_, { connectionLimit }) => {
    if (connectionLimit !== 1) return undefined;
    return {
      level: 'warning',
      check: 'pool-size',
      message: 'the pool has one connection: an operation that waits holds up all others, renewals too',
      remedy: 'allow at least 2 connections',
    };
  },
  (_, { commandTimeoutMs }) => {
    const isLong = commandTimeoutMs > longTimeoutMs;
    return {
      level: isLong ? 'warning' : 'ok',
      check: 'command-timeout',
      message: `an operation fails after ${commandTimeoutMs} ms without an answer`,
      ...(isLong && { remedy: 'keep it well under the shortest lease, so that a renewal can be tried again' }),
    };
  },
];

async function checkReplicas(connection: Connection, server: Settings): Promise<Finding | undefined> {
  const sql = "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'";
  const [answer] = await send(connection, [sql]);
  const replicas = integer(rowsOf(answer)[0]?.['n']) ?? 0;
  if (replicas === 0) return undefined;
  const waits = isOn(server.get('Rpl_semi_sync_master_status')) || isOn(server.get('Rpl_semi_sync_source_status'));
  return {
    level: waits ? 'ok' : 'warning',
    check: 'replication',
    message: waits
      ? `${replicas} replicas; a commit waits until one of them has it`
      : `${replicas} replicas follow without being waited for: after a failover the last locks and tokens are missing, so two can have one lock and a token can come twice`,
    ...(!waits && { remedy: 'turn semi-synchronous replication on, or wait a lease after a failover' }),
  };
}

async function checkClock(connection: Connection): Promise<Finding> {
  const before = Date.now();
  const [answer] = await send(connection, [`SELECT ${clock} AS now`]);
  const after = Date.now();
  const now = (integer(rowsOf(answer)[0]?.['now']) ?? 0) / 1000;
  const ahead = Math.round(now < before ? now - before : Math.max(0, now - after));
  const isOff = Math.abs(ahead) > slackMs;
  return {
    level: isOff ? 'warning' : 'ok',
    check: 'clock',
    message: isOff
      ? `the server’s clock is ${Math.abs(ahead)} ms ${ahead > 0 ? 'ahead of' : 'behind'} this machine’s. Leases are safe, they are the server’s; times of records look odd beside your logs`
      : 'the server’s clock agrees with this machine’s',
    ...(isOff && { remedy: 'synchronise both clocks, and let them never be set back' }),
  };
}

async function checkTables({ connection, prefix }: Examined): Promise<Finding> {
  const names = Object.values(tableNames(prefix)).map((name) => literal('name', Buffer.from(name.toLowerCase())));
  const [answer] = await send(connection, [
    `SELECT TABLE_NAME AS name, ENGINE AS engine FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = DATABASE() AND LOWER(TABLE_NAME) IN (${names.join(', ')})`,
  ]);
  const tables = rowsOf(answer);
  const check = 'tables';
  if (tables.length < names.length)
    return {
      level: 'ok',
      check,
      message: `${tables.length} of ${names.length} tables are there: the first lock makes them`,
    };
  const other = tables.find(({ engine }) => engine?.toString() !== 'InnoDB');
  if (other === undefined) return { level: 'ok', check, message: 'the tables are there, in InnoDB' };
  const name = String(other['name']);
  return {
    level: 'problem',
    check,
    message: `table ${name} is in ${String(other['engine'])}, which has no transactions: locks do not exclude`,
    remedy: `ALTER TABLE \`${name}\` ENGINE = InnoDB`,
  };
}

async function settings(
  connection: Connection,
  kind: 'VARIABLES' | 'STATUS',
  names: readonly string[],
): Promise<Settings> {
  const list = names.map((name) => `'${name}'`).join(', ');
  try {
    const [answer] = await send(connection, [`SHOW GLOBAL ${kind} WHERE Variable_name IN (${list})`]);
    return new Map(rowsOf(answer).map((row) => [String(row['Variable_name']), String(row['Value'])]));
  } catch (error) {
    if (errorNumber(error) === undefined) throw error;
    return new Map();
  }
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'OFF', 'NO', 'DISABLED'].includes(value.toUpperCase());
}

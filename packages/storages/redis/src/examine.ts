import type { Finding } from '@lockscope/storage';
import type { ClientSettings, RedisDriver } from './driver.ts';

/** A lock whose holder cannot be sure of it for so long is not what somebody expects, in milliseconds. */
const longTimeoutMs = 10_000;
const tolerableOffsetMs = 500;

/** Looks at settings of the servers and of the client that make locks unsafe or slow. */
export async function examine(driver: RedisDriver): Promise<readonly Finding[]> {
  const sent = Date.now();
  const [infos, times] = await Promise.all([driver.ask('INFO'), driver.ask('TIME')]);
  const received = Date.now();
  const servers = infos.map(parseInfo);
  return [
    ...servers.flatMap((info) => [version(info), eviction(info), persistence(info), replicas(info)]),
    ...times.map((time) => offset(time, sent, received)),
    timeouts(driver.settings),
    ...(driver.cluster ? [clusterNews] : []),
  ];
}

type Info = Readonly<Record<string, string>>;

function version({ redis_version: found = '' }: Info): Finding {
  const check = 'server-version';
  if (Number.parseInt(found, 10) >= 7) return { level: 'ok', check, message: `Redis ${found}` };
  const message = `Redis ${found || 'of an unknown version'}: Lockscope is made for 7.0 and later`;
  return { level: 'problem', check, message, remedy: 'update the server' };
}

function eviction({ maxmemory_policy: policy = '', maxmemory = '' }: Info): Finding {
  const check = 'eviction-policy';
  if (maxmemory === '0') return { level: 'ok', check, message: 'maxmemory is not set: nothing is evicted' };
  if (policy === 'noeviction') return { level: 'ok', check, message: 'maxmemory-policy is noeviction' };
  return {
    level: 'problem',
    check,
    message: `maxmemory-policy is ${policy}: when memory is full, locks that are held are removed`,
    remedy: 'set maxmemory-policy to noeviction, or use a server of its own for locks',
  };
}

function persistence({
  aof_enabled: aof,
  rdb_last_save_time: saved,
  rdb_changes_since_last_save: changes,
}: Info): Finding {
  const check = 'persistence';
  if (aof === '1') return { level: 'ok', check, message: 'the append-only file is on' };
  return {
    level: 'warning',
    check,
    message: `the append-only file is off (last snapshot at ${saved}, ${changes} changes since): a restart frees locks that are held. Tokens rise all the same`,
    remedy:
      'set appendonly to yes, appendfsync to always if no lock may be lost; or guard what you write by fencing tokens',
  };
}

function replicas({ role, connected_slaves: count = '0' }: Info): Finding {
  const check = 'failover';
  if (role !== 'master') {
    return { level: 'problem', check, message: `this server is a ${role}`, remedy: 'connect to the master' };
  }
  if (count === '0') return { level: 'ok', check, message: 'no replicas: no failover can lose a lock' };
  return {
    level: 'warning',
    check,
    message: `${count} replicas: a failover can lose the locks of the last moments, which had not reached the new master`,
    remedy: 'guard what you write by fencing tokens; min-replicas-to-write narrows the gap',
  };
}

function offset(time: unknown, sent: number, received: number): Finding {
  const [seconds, microseconds] = Array.isArray(time) ? (time as unknown[]) : [];
  const server = Number(seconds) * 1000 + Number(microseconds) / 1000;
  const ms = Math.round(server - (sent + received) / 2);
  const check = 'clock';
  if (Math.abs(ms) <= tolerableOffsetMs + (received - sent)) {
    return { level: 'ok', check, message: `the clock of the server is ${ms} ms ahead of this process` };
  }
  return {
    level: 'warning',
    check,
    message: `the clock of the server is ${ms} ms ahead of this process. Leases do not depend on that, but times in records and logs will not match`,
    remedy: 'let both follow the same time servers',
  };
}

function timeouts({ commandTimeoutMs, waitsForConnection }: ClientSettings): Finding {
  const check = 'client-timeouts';
  const problems = [
    commandTimeoutMs === undefined && 'a command may hang without end',
    commandTimeoutMs !== undefined && commandTimeoutMs > longTimeoutMs && `a command may take ${commandTimeoutMs} ms`,
    waitsForConnection && 'commands wait for a connection without end, and may take a lock for somebody who gave up',
  ].filter((problem) => typeof problem === 'string');
  if (problems.length === 0) return { level: 'ok', check, message: `a command fails after ${commandTimeoutMs} ms` };
  return {
    level: 'warning',
    check,
    message: `with the settings of this client ${problems.join('; ')}`,
    remedy:
      'ioredis: commandTimeout and maxRetriesPerRequest; redis: socket.socketTimeout and disableOfflineQueue; or give a url instead of a client',
  };
}

const clusterNews: Finding = Object.freeze({
  level: 'warning',
  check: 'cluster-news',
  message:
    'in a cluster nobody can tell whether a waiter still listens: a lock that is handed to a process that died stays there for its claim',
  remedy: 'keep claimMs short',
});

function parseInfo(text: unknown): Info {
  const lines = String(text)
    .split(/\r?\n/)
    .filter((line) => line.includes(':'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

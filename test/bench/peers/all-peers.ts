import * as files from './file-peers.ts';
import type { Peer } from './peer.ts';
import * as postgres from './postgres-peers.ts';
import * as bare from './redis-bare.ts';
import * as lockscope from './redis-lockscope.ts';
import * as redis from './redis-peers.ts';

/** By the short names that cases, results and the command line use. */
export const peers = {
  bare: bare.bare,
  blpop: bare.blpop,
  pubsub: bare.pubsub,
  lockscope: lockscope.lockscope,
  lockscopeByUrl: lockscope.lockscopeByUrl,
  lockscopeWatched: lockscope.lockscopeWatched,
  redlock4: redis.redlock4,
  redlock5: redis.redlock5,
  sesamecare: redis.sesamecare,
  universalLean: redis.universalLean,
  universalStandard: redis.universalStandard,
  redisSemaphore: redis.redisSemaphore,
  pgAdvisory: postgres.pgAdvisory,
  pgRow: postgres.pgRow,
  pgNotify: postgres.pgNotify,
  lockscopePostgres: postgres.lockscopePostgres,
  properLockfile: files.properLockfile,
  bareSqlite: files.bareSqlite,
  lockscopeSqlite: files.lockscopeSqlite,
  lockscopeFile: files.lockscopeFile,
} satisfies Record<string, Peer>;

export type PeerName = keyof typeof peers;

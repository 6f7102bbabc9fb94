import { mkdirSync } from 'node:fs';

import type { LockStorage } from '@lockscope/storage';
import { EtcdStorage } from '@lockscope/storage-etcd';
import { FileStorage } from '@lockscope/storage-file';
import { MysqlStorage } from '@lockscope/storage-mysql';
import { NatsStorage } from '@lockscope/storage-nats';
import { PostgresStorage } from '@lockscope/storage-postgres';
import { RedisStorage } from '@lockscope/storage-redis';
import { SqliteStorage } from '@lockscope/storage-sqlite';

/** Where the locks of a campaign live, in words that can be sent to another process. */
export interface Endpoint {
  readonly backend: string;
  /** Of a server: the port to connect to, on 127.0.0.1. */
  readonly port?: number;
  /** Of a file. */
  readonly path?: string;
  /** True when what it stands on needs a wall clock that nobody sets back; then only the locks get a wrong one. */
  readonly needsWallClock?: boolean;
}

/** A storage as a program would make it that knows nothing of tests. */
export function openStorage({ backend, port, path = '' }: Endpoint): LockStorage {
  switch (backend) {
    case 'etcd':
      return new EtcdStorage({ hosts: `http://127.0.0.1:${port}` });
    case 'file':
      mkdirSync(path, { recursive: true });
      return new FileStorage({ path });
    case 'mysql':
      return new MysqlStorage({ url: `mysql://root@127.0.0.1:${port}/locks` });
    case 'nats':
      return new NatsStorage({ servers: `nats://127.0.0.1:${port}` });
    case 'postgres':
      return new PostgresStorage({ connection: `postgres://postgres@127.0.0.1:${port}/postgres` });
    case 'redis':
      return new RedisStorage({ url: `redis://127.0.0.1:${port}` });
    case 'sqlite':
      return new SqliteStorage({ path });
    default:
      throw new Error(`no storage ${backend}`);
  }
}

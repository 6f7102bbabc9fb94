import type { LockStorage } from '@lockscope/storage';
import { RedisStorage } from '@lockscope/storage-redis';
import { SqliteStorage } from '@lockscope/storage-sqlite';

/** Where the locks of a campaign live, in words that can be sent to another process. */
export interface Endpoint {
  readonly backend: string;
  /** Of a server: the port to connect to, on 127.0.0.1. */
  readonly port?: number;
  /** Of a file. */
  readonly path?: string;
}

/** A storage as a program would make it that knows nothing of tests. */
export function openStorage({ backend, port, path = '' }: Endpoint): LockStorage {
  switch (backend) {
    case 'redis':
      return new RedisStorage({ url: `redis://127.0.0.1:${port}` });
    case 'sqlite':
      return new SqliteStorage({ path });
    default:
      throw new Error(`no storage ${backend}`);
  }
}

import type { Finding } from '@lockscope/storage';
import type { Connection } from './mysql-pool.ts';
import type { ServerFacts } from './schema.ts';

export async function examine(_c: Connection, _f: ServerFacts, _t: number): Promise<readonly Finding[]> {
  return [];
}

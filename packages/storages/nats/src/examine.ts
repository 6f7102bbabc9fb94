import type { Finding } from '@lockscope/storage';
import type { Bucket } from './bucket.ts';

/** Half of what a short lease has to spare. */
const offsetWorthTelling = 500;

/** What a person would miss. `offsetMs`: the server's clock minus this process's. */
export function examineBucket(
  bucket: Bucket,
  version: string | undefined,
  store: 'file' | 'memory',
  offsetMs: number,
): Finding[] {
  const { replicas } = bucket;
  return [
    replicas > 1
      ? { level: 'ok', check: 'replicas', message: `${replicas} servers keep the bucket` }
      : {
          level: 'warning',
          check: 'replicas',
          message:
            'one server keeps the bucket: while it is down nobody gets a lock, and what it had not yet on disk when the power failed is lost',
          remedy: 'run a cluster and make the bucket with replicas: 3; on one server set sync_interval: always',
        },
    store === 'file'
      ? { level: 'ok', check: 'store', message: 'the bucket is kept in files' }
      : {
          level: 'warning',
          check: 'store',
          message: 'the bucket is kept in memory: a restart of all its servers forgets who has a lock',
          remedy: 'make the bucket with store: file',
        },
    Math.abs(offsetMs) < offsetWorthTelling
      ? {
          level: 'ok',
          check: 'clock',
          message: `the clocks of server and process are ${Math.round(offsetMs)} ms apart`,
        }
      : {
          level: 'warning',
          check: 'clock',
          message: `the clocks of server and process are ${Math.round(offsetMs)} ms apart: locks do not mind, but times in logs do not agree`,
          remedy: 'let both follow the same time servers',
        },
    { level: 'ok', check: 'server', message: `nats-server ${version ?? 'of unknown version'}` },
  ];
}

// Waits for a lock in a process of its own, and says when it stands in line and when it got the lock.
import { PostgresStorage } from '../../src/index.ts';

const [connection = '', schema = '', key = '', leaseId = ''] = process.argv.slice(2);
const storage = new PostgresStorage({ connection, schema });
storage.watch?.(key, leaseId, (news) => process.send?.(news.type));
const waits = { leaseMs: 60_000, claimMs: 60_000, waitMs: 60_000, holder: { ownerId: `owner of ${leaseId}` } };
await storage.acquire({ key, leaseId, ...waits });
process.send?.('waits');
setInterval(() => {}, 60_000);

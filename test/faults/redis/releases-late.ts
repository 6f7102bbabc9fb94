// A process that gives locks back while its server does not answer, and tells when that was over. Its parent freezes
// the server when it says so.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { type HeldLock, createLocks } from '@lockscope/storage-lock';
import { RedisStorage } from '@lockscope/storage-redis';

const { url, leaseMs } = JSON.parse(process.argv[2] ?? '{}') as { readonly url: string; readonly leaseMs: number };

const storage = new RedisStorage({ url });
const locks = createLocks({ storage, leaseMs, marginMs: Math.floor(leaseMs / 3) });
const held: HeldLock[] = [];
for (let n = 0; n < 20; n += 1) {
  held.push(await locks.acquire(`orders/${n}`));
  await sleep(5);
}
process.send?.({ is: 'held' });
await once(process, 'message');
const endsAt = Math.max(...held.map((lock) => performance.now() + lock.remainingMs()));
const how = await Promise.all(
  held.map((lock) =>
    lock.release().then(
      (released) => (released ? 'released' : 'lost'),
      (error: unknown) => (error as { readonly code?: string }).code ?? 'an error',
    ),
  ),
);
process.send?.({ is: 'over', how: [...new Set(how)], afterItsEndMs: performance.now() - endsAt });
process.disconnect();

// Two workers want the same lock. The log draws what happened to each of them.
import { setTimeout as pause } from 'node:timers/promises';

import { log } from '@lockscope/listener-log';
import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';

const locks = createLocks({
  storage: new MemoryStorage(),
  listeners: [log({ format: 'pretty' })],
  operation: 'quick start',
});

async function work(worker: string): Promise<void> {
  await locks.run(
    'orders/42',
    async (lock) => {
      console.log(`${worker} has ${lock.key}, fencing token ${lock.fencingToken}`);
      await pause(50);
    },
    { owner: worker },
  );
}

await Promise.all([work('alice'), work('bob')]);

// Somebody who cannot wait asks once.
await locks.run('orders/42', async () => {
  const busy = await locks.tryAcquire('orders/42');
  console.log('while it is held, a try gives', busy);
});

await locks.close();

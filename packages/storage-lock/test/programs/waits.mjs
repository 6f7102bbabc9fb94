// Only waits for a lock: that is something to do, so the process stays until it has waited long enough.
import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';

const storage = new MemoryStorage();
const holder = createLocks({ storage, watchdog: false });
await holder.acquire('a');
const began = performance.now();
await createLocks({ storage })
  .acquire('a', { waitMs: 300 })
  .catch((error) => process.stdout.write(`${error.code} ${performance.now() - began >= 299}\n`));

// Uses locks in every way and closes them. Nothing of it may keep the process alive.
import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';

const storage = new MemoryStorage();
const locks = createLocks({ storage, listeners: [() => undefined] });
await locks.run('a', () => undefined);
await locks.acquire('a');
const waiting = locks.acquire('a', { waitMs: 'forever' }).catch((error) => error.code);
await createLocks({ storage })
  .acquire('a', { waitMs: 20 })
  .catch((error) => process.stdout.write(`${error.code}\n`));
await locks.close();
process.stdout.write(`${await waiting}\n`);

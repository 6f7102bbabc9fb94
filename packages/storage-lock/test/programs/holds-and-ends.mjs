// Holds a lock and has nothing else to do: its timers are no reason to stay.
import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';

const locks = createLocks({ storage: new MemoryStorage(), listeners: [() => undefined] });
const lock = await locks.acquire('a');
process.stdout.write(`${lock.state}\n`);

// Waits without end for a lock that this process has itself; nothing else keeps the process alive.
import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';

const locks = createLocks({ storage: new MemoryStorage(), watchdog: false });
const first = await locks.acquire('a', { leaseMs: 60_000 });
setTimeout(() => void first.release(), 300).unref();
await locks.acquire('a', { waitMs: 'forever' });
process.stdout.write('has it\n');

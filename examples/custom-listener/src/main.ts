// A listener of one's own: it keeps the longest waits and who caused them.
import { setTimeout as pause } from 'node:timers/promises';

import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';

import { LongestWaits } from './longest-waits.ts';

const waits = new LongestWaits();
const locks = createLocks({
  storage: new MemoryStorage(),
  // The second one fails on purpose: it is counted, and no lock notices.
  listeners: [waits, { name: 'broken', types: ['lock'], on: () => Promise.reject(new Error('oops')) }],
  onListenerError: ({ listener, count }) => console.log(`listener ${listener} failed ${count} time(s)`),
});

await Promise.all([
  locks.run('catalogue', () => pause(60), { operation: 'reprice' }),
  locks.run('catalogue', () => pause(20), { operation: 'import' }),
  locks.run('catalogue', () => pause(1), { operation: 'GET /catalogue' }),
]);
waits.report();
await locks.close();

// A listener of one's own: it keeps the longest waits and who caused them.
import { setTimeout as pause } from 'node:timers/promises';

import type { Event, Listener } from '@lockscope/core';
import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';

/** Keeps the longest waits. What it asks for in `types` is all that it is told, and all that it costs. */
class LongestWaits implements Listener {
  readonly name = 'longest-waits';
  readonly types = ['lock.acquire'] as const;
  #waits: { key: string; waitMs: number; blocker: string }[] = [];

  on(event: Event): void {
    if (event.type !== 'lock.acquire' || event.details?.contended !== true) return;
    const { waitMs, blocker } = event.details;
    const wait = { key: event.lockKey, waitMs, blocker: blocker?.operation ?? 'unknown' };
    this.#waits = [...this.#waits, wait].toSorted((a, b) => b.waitMs - a.waitMs).slice(0, 3);
  }

  report(): void {
    for (const { key, waitMs, blocker } of this.#waits) {
      console.log(`waited ${Math.round(waitMs)} ms for ${key}, blocked by ${blocker}`);
    }
  }
}

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

import type { Event, Listener } from '@lockscope/core';

/** Keeps the longest waits. What it asks for in `types` is all that it is told, and all that it costs. */
export class LongestWaits implements Listener {
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

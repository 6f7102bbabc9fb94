import { setTimeout as sleep } from 'node:timers/promises';
import type { NameDeclaration } from '@lockscope/listener-prometheus';
import type { Locks } from '@lockscope/storage-lock';

/** What a worker of the demo does. */
export interface Job {
  /** One line for people. */
  readonly about: string;
  /** The classes of locks that it uses, for its metrics. */
  readonly names: readonly NameDeclaration[];
  /** Works until `stopping` aborts. */
  run(locks: Locks, stopping: AbortSignal): Promise<void>;
}

/** What a lock may do to who uses it; all of it is told to the listeners, and the work goes on. */
const expected = new Set(['LOCK_TIMEOUT', 'LOCK_LOST', 'LOCK_RELEASE_FAILED', 'LOCK_STORAGE_FAILED', 'LOCK_ABORTED']);

/** Does `step` again and again, in as many places at once as it is told, until `stopping` aborts. */
export async function repeat(stopping: AbortSignal, flows: number, step: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: flows }, () => repeatOne(stopping, step)));
}

async function repeatOne(stopping: AbortSignal, step: () => Promise<void>): Promise<void> {
  while (!stopping.aborted) {
    try {
      await step();
    } catch (error) {
      if (stopping.aborted) return;
      if (!expected.has((error as { readonly code?: string }).code ?? '')) throw error;
      // A storage that is gone fails at once, and trying again at once would leave no turn to anybody else.
      await busyFor(100, 300, stopping);
    }
  }
}

/** Work that takes between `minMs` and `maxMs`; ends at once when `signal` aborts. */
export async function busyFor(minMs: number, maxMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(minMs + Math.random() * (maxMs - minMs), undefined, { signal });
  } catch {
    // Told to end; who called looks at the signal.
  }
}

export function oneOf<Item>(items: readonly [Item, ...Item[]]): Item {
  return items[Math.floor(Math.random() * items.length)] ?? items[0];
}

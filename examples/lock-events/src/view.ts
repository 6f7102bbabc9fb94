import type { Event } from '@lockscope/core';
import type { LockEvents } from '@lockscope/delivery';

/** What one view knows of all processes. */
export interface View {
  readonly events: ReadonlyMap<string, Event>;
  /** How often each process held a lock. */
  readonly possessions: ReadonlyMap<string, number>;
  /** Keys, in the order of their tokens, with who held them. */
  readonly holders: readonly string[];
  readonly waited: number;
}

/** Reads so many events into one view. An event that comes twice counts once. */
export async function collect(stream: LockEvents, count: number): Promise<View> {
  const events = new Map<string, Event>();
  const possessions = new Map<string, number>();
  const turns: { readonly key: string; readonly token: number; readonly source: string }[] = [];
  let waited = 0;
  for await (const { event, source = 'unknown' } of stream) {
    if (!events.has(event.id)) {
      events.set(event.id, event);
      if (event.type === 'lock.acquire' && event.actions.length > 1) waited += 1;
      if (event.type === 'lock') {
        possessions.set(source, (possessions.get(source) ?? 0) + 1);
        turns.push({ key: event.lockKey, token: event.lock?.fencingToken ?? 0, source });
      }
    }
    if (events.size === count) break;
  }
  const ordered = turns.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.token - b.token));
  return { events, possessions, holders: ordered.map(({ key, source }) => `${key} ${source}`), waited };
}

import type { LockRecord, LockState } from '@lockscope/storage';
import { parseRecord, parseWaiter } from './record-text.ts';

/**
 * What the script that looks at a lock said.
 * @throws {ForeignRecordError} when a record in it cannot be read.
 */
export function readState(key: string, reply: unknown, operation: string): LockState {
  const [time, text, shared, line] = reply as [unknown, string | null, readonly unknown[], readonly unknown[]];
  const storageNow = Number(time);
  const live = (each: unknown): LockRecord[] => {
    const record = parseRecord(key, each, operation);
    return record.expiresAt > storageNow ? [record] : [];
  };
  const [record, ...sharers] = textsOf(text, shared)
    .flatMap(live)
    .toSorted((a, b) => a.fencingToken - b.fencingToken);
  const waiters = [];
  for (let at = 0; at < line.length; at += 2) waiters.push(...parseWaiter(line[at], line[at + 1], storageNow));
  return { record, ...(sharers.length > 0 && { sharers }), waiters, storageNow };
}

/** See `scripts/place.ts` for what stands in a lock. */
function textsOf(text: string | null, shared: readonly unknown[]): readonly unknown[] {
  if (text === null || text.startsWith('-')) return [];
  if (text.startsWith('+')) return shared;
  return [/^[!?]/.test(text) ? text.slice(15) : text];
}

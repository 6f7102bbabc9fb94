import { v7 } from 'uuid';

const idsAtOnce = 128;
let pool = new Uint8Array(0);
let used = 0;

/**
 * A uuid v7 of that moment. Drawing fresh randomness for each id would cost ten times the rest, so it comes from a
 * pool of 128 ids' worth.
 */
export function eventId(epochMs: number): string {
  if (used === pool.length) {
    pool = crypto.getRandomValues(new Uint8Array(16 * idsAtOnce));
    used = 0;
  }
  const random = pool.subarray(used, (used += 16));
  return v7({ random, msecs: Math.floor(epochMs) });
}

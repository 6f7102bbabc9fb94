import { v7 } from 'uuid';

const idsAtOnce = 128;
let pool = new Uint8Array(0);
let used = 0;

/** A uuid v7 of now. Drawing fresh randomness for each would cost ten times the rest, so it comes from a pool. */
export function messageId(): string {
  if (used === pool.length) {
    pool = crypto.getRandomValues(new Uint8Array(16 * idsAtOnce));
    used = 0;
  }
  return v7({ random: pool.subarray(used, (used += 16)) });
}

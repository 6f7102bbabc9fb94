import type { Clock, LockRecord } from '@lockscope/storage';
import type { Voter } from './voter.ts';

/** Every lock that one voter has. Rejects when one step takes longer than `stepMs`. */
export async function collect(
  voter: Voter,
  prefix: string,
  clock: Clock,
  stepMs: number,
): Promise<readonly LockRecord[]> {
  const states = voter.storage.list({ prefix })[Symbol.asyncIterator]();
  const records: LockRecord[] = [];
  for (;;) {
    const step = await inTime(states.next(), clock, stepMs);
    if (step.done === true) return records;
    voter.heard(step.value.storageNow, clock.now());
    records.push(step.value.record);
  }
}

/** What the promise gives, or a rejection when it takes longer. */
export function inTime<T>(promise: Promise<T>, clock: Clock, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
    promise.then(resolve, reject).finally(() => clock.clearTimeout(timer));
  });
}

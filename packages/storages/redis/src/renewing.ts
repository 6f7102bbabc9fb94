import { StorageError, type RenewRequest, type RenewResult } from '@lockscope/storage';
import { wholeMs } from './acquiring.ts';
import { bucketOf } from './key-names.ts';
import { toWord } from './stored-text.ts';

/** So many renewals are one command: as many as a server does in about a millisecond. */
const batchSize = 250;

/** One command for all of these; gives the time, and 1 for each that was renewed. */
export type RenewBatch = (keys: readonly string[], args: string[]) => Promise<unknown>;

/** Renewals in batches. What is not simple (others wait, it is shared, it is gone) is asked one by one afterwards. */
export async function renewInBatches(
  requests: readonly RenewRequest[],
  cluster: boolean,
  renewBatch: RenewBatch,
  renewOne: (request: RenewRequest) => Promise<RenewResult>,
): Promise<readonly (RenewResult | StorageError)[]> {
  const answers: (RenewResult | StorageError | undefined)[] = requests.map(() => undefined);
  const batches = batchesOf(requests, cluster).map(async (batch) => {
    const times = batch.map((at) => requests[at] as RenewRequest);
    try {
      const args = times.flatMap(({ leaseId, leaseMs }) => [toWord(leaseId), String(wholeMs(leaseMs))]);
      const keys = times.map(({ key }) => key);
      const [now, ...done] = (await renewBatch(keys, args)) as unknown[];
      for (const [index, at] of batch.entries()) {
        if (Number(done[index]) === 1) answers[at] = renewed(Number(now), times[index] as RenewRequest);
      }
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      for (const at of batch) answers[at] = error;
    }
  });
  await Promise.all(batches);
  return Promise.all(answers.map(async (answer, at) => answer ?? settled(renewOne(requests[at] as RenewRequest))));
}

/** Places in `requests`; in a cluster those of one command are in one slot. Changes of the holder are not simple. */
function batchesOf(requests: readonly RenewRequest[], cluster: boolean): number[][] {
  const batches: number[][] = [];
  const open = new Map<number, number[]>();
  for (const [at, { key, update }] of requests.entries()) {
    if (update !== undefined) continue;
    const slot = cluster ? bucketOf(key) : 0;
    let batch = open.get(slot);
    if (batch === undefined || batch.length === batchSize) {
      batch = [];
      open.set(slot, batch);
      batches.push(batch);
    }
    batch.push(at);
  }
  return batches;
}

function renewed(storageNow: number, { leaseMs }: RenewRequest): RenewResult {
  return { renewed: true, expiresAt: storageNow + wholeMs(leaseMs), storageNow };
}

async function settled(answer: Promise<RenewResult>): Promise<RenewResult | StorageError> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
}

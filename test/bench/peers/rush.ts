import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

import type { Party } from './peer.ts';

/** Many want the same lock once, come much faster than they can be served, and each has a deadline. */
export interface Rush {
  readonly key: string;
  readonly sectionMs: number;
  /** How much longer each may wait than all sections together take. */
  readonly slack: number;
}

export interface RushResult {
  readonly contenders: number;
  readonly served: number;
  /** The lock gave up on them. */
  readonly gaveUp: number;
  /** They got it when their deadline was over. */
  readonly tooLate: number;
  /** All sections together, of the time that it took until all were served or had given up. */
  readonly efficiency: number;
  /** How many were served before somebody who had come well before them, and still waited. */
  readonly inversions: number;
  readonly commandsPerSuccess: number;
  readonly overlaps: number;
}

/** They come this much faster than they can be served. */
const haste = 4;
/** Who came so much earlier was there first, whatever the network did. */
const apartMs = 5;
const probes = 20;

/** Every contender is one of `parties`, perhaps the same. */
export async function rush(
  parties: readonly Party<unknown>[],
  { key, sectionMs, slack }: Rush,
  commands: () => number,
): Promise<RushResult> {
  const reallyMs = await probe(sectionMs);
  const allowedMs = Math.ceil(parties.length * reallyMs * slack);
  const waiting = new Set<number>();
  const grants: { readonly arrived: number; readonly first: number }[] = [];
  let gaveUp = 0;
  let tooLate = 0;
  let inside = 0;
  let overlaps = 0;
  let sections = 0;

  const contend = async (party: Party<unknown>): Promise<void> => {
    const arrived = performance.now();
    waiting.add(arrived);
    let held: unknown;
    try {
      held = await party.acquire(key, allowedMs);
    } catch {
      waiting.delete(arrived);
      gaveUp += 1;
      return;
    }
    const got = performance.now();
    waiting.delete(arrived);
    // Sets keep the order in which they were filled.
    const [first = Infinity] = waiting;
    grants.push({ arrived, first });
    if (got - arrived > allowedMs) tooLate += 1;
    inside += 1;
    if (inside > 1) overlaps += 1;
    await sleep(sectionMs);
    inside -= 1;
    sections += performance.now() - got;
    await party.release(held);
  };

  const before = commands();
  const began = performance.now();
  const all: Promise<void>[] = [];
  for (const [index, party] of parties.entries()) {
    const due = began + (index * reallyMs) / haste;
    while (performance.now() < due) await sleep(1);
    all.push(contend(party));
    // Each comes after the one before has said so.
    await turn();
  }
  await Promise.all(all);
  const tookMs = performance.now() - began;
  const served = parties.length - gaveUp - tooLate;
  return {
    contenders: parties.length,
    served,
    gaveUp,
    tooLate,
    efficiency: sections / tookMs,
    inversions: grants.filter(({ arrived, first }) => first < arrived - apartMs).length,
    commandsPerSuccess: (commands() - before) / served,
    overlaps,
  };
}

/** How long a section really is on this machine at this moment. */
async function probe(sectionMs: number): Promise<number> {
  const began = performance.now();
  for (let count = 0; count < probes; count += 1) await sleep(sectionMs);
  return (performance.now() - began) / probes;
}

import type { StorageCapabilities } from '@lockscope/storage';
import type { Voter } from './voter.ts';

const reaches = ['process', 'machine', 'network'] as const;

/**
 * What all voters can do together. The reach is that of the shortest: who does not reach one of them shares it with
 * nobody. No queue and no news: a voter hands a free lock to the first in its own line, which need not be the first in
 * another's. No sharing: with a limit of two, three could have two of three voters each.
 */
export function capabilitiesOf(voters: readonly Voter[]): StorageCapabilities {
  const all = voters.map(({ storage }) => storage.capabilities);
  const reach = reaches.find((candidate) => all.some((one) => one.reach === candidate)) ?? 'process';
  const durable = all.every((one) => one.durable);
  return Object.freeze({ reach, durable, notifies: false, queues: false, shares: false, turns: false });
}

import type { Finding } from '@lockscope/storage';
import type { Etcd3 } from 'etcd3';

/** How many members can be lost is `(members - 1) / 2`, rounded down. */
const fewestThatSurviveOne = 3;

/** What a person would miss. */
export async function examineCluster(client: Etcd3, options: { deadline: number }): Promise<Finding[]> {
  const { members } = await client.cluster.memberList({}, options);
  const { ID } = await client.leaseClient.leaseGrant({ TTL: 1 }, options);
  const { grantedTTL } = await client.leaseClient.leaseTimeToLive({ ID }, options);
  await client.leaseClient.leaseRevoke({ ID }, options);
  const shortest: Finding = {
    level: 'ok',
    check: 'shortest-lease',
    message: `the shortest lease lasts ${grantedTTL} s; a shorter one is made as long`,
  };
  if (members.length >= fewestThatSurviveOne)
    return [{ level: 'ok', check: 'members', message: `${members.length} members keep the locks` }, shortest];
  const few: Finding = {
    level: 'warning',
    check: 'members',
    message: `every one of the members (${members.length}) has to be up: while one is down nobody gets a lock`,
    remedy: 'run three members',
  };
  return [few, shortest];
}

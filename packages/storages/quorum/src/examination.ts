import type { Clock, Finding } from '@lockscope/storage';
import { majorityOf } from './agreement.ts';
import { messageOf } from './ballot.ts';
import { inTime } from './collect.ts';
import type { Voter } from './voter.ts';

/** What a person should know of the voters, and what each says of itself. */
export async function examineVoters(
  voters: readonly Voter[],
  clock: Clock,
  timeoutMs: number,
): Promise<readonly Finding[]> {
  const own = await Promise.all(voters.map((voter) => examineVoter(voter, clock, timeoutMs)));
  return [number(voters.length), memory(voters), ...own.flat()];
}

function number(count: number): Finding {
  const check = 'quorum-size';
  const spare = count - majorityOf(count);
  if (count < 3)
    return {
      level: 'warning',
      check,
      message: `there are ${count} storages: no lock can be had while one of them is gone`,
      remedy: 'Use 3, or 1 without a quorum',
    };
  if (count % 2 === 0)
    return {
      level: 'warning',
      check,
      message: `there are ${count} storages: no more of them may be gone than of ${count - 1}, and a vote can be tied`,
      remedy: `Use ${count - 1} or ${count + 1}`,
    };
  return { level: 'ok', check, message: `${spare} of ${count} storages may be gone` };
}

function memory(voters: readonly Voter[]): Finding {
  const check = 'quorum-memory';
  const forgetful = voters.filter(({ storage }) => !storage.capabilities.durable).map(({ name }) => name);
  if (forgetful.length === 0)
    return { level: 'ok', check, message: 'all storages remember their locks after a restart' };
  return {
    level: 'warning',
    check,
    message: `a restart of ${forgetful.join(', ')} forgets votes, so that two can have a majority`,
    remedy: 'Make them write what they have to disk before they answer, or start them only after the longest lease',
  };
}

async function examineVoter(voter: Voter, clock: Clock, timeoutMs: number): Promise<readonly Finding[]> {
  const { name, storage } = voter;
  try {
    await inTime(
      voter.look(() => storage.read(probe)),
      clock,
      timeoutMs,
    );
    const findings = await inTime<readonly Finding[]>(storage.examine?.() ?? Promise.resolve([]), clock, examineMs);
    const reachable: Finding = { level: 'ok', check: 'quorum-reach', message: `${name} answers` };
    return [reachable, ...findings.map((finding) => ({ ...finding, message: `${name}: ${finding.message}` }))];
  } catch (error) {
    return [
      {
        level: 'problem',
        check: 'quorum-reach',
        message: `${name} does not answer: ${messageOf(error)}`,
        remedy: 'Bring it back: as long as it is gone, fewer of the others may fail',
      },
    ];
  }
}

/** Any key will do; nobody has it. */
const probe = 'lockscope/examine';
const examineMs = 10_000;

import { StorageError, type Clock, type LockRecord, type LockStorage } from '@lockscope/storage';
import { majorityOf, mostNamed, type Entry } from './agreement.ts';
import { Ballot, messageOf } from './ballot.ts';
import { collect, inTime } from './collect.ts';
import type { ResolvedOptions } from './quorum-options.ts';
import type { Voter } from './voter.ts';

/** How a change is put to the vote. */
export interface Motion<T> {
  /** Calls of one lane reach a voter in the order of asking. */
  readonly lane: string;
  /** Default: all. */
  readonly voters?: readonly Voter[];
  readonly call: (storage: LockStorage) => Promise<T>;
  readonly isYes: (value: T) => boolean;
  readonly isDecided: (ballot: Ballot<T>) => boolean;
  readonly onLate?: (ballot: Ballot<T>, voter: Voter, value: T) => void;
  /** True when a voter shall hear of it however late. */
  readonly always?: boolean;
}

/** The voters, how many of them decide, and how long they may take. */
export class Voting {
  readonly name: string;
  readonly voters: readonly Voter[];
  readonly majority: number;
  /** How many may be without a vote. */
  readonly spare: number;
  readonly clock: Clock;
  readonly timeoutMs: number;

  constructor(name: string, { voters, clock, nodeTimeoutMs }: ResolvedOptions) {
    this.name = name;
    this.voters = voters;
    this.majority = majorityOf(voters.length);
    this.spare = voters.length - this.majority;
    this.clock = clock;
    this.timeoutMs = nodeTimeoutMs;
  }

  change<T>({
    lane,
    voters = this.voters,
    call,
    isYes,
    isDecided,
    onLate,
    always = false,
  }: Motion<T>): Promise<Ballot<T>> {
    const { clock, timeoutMs } = this;
    const ask = (voter: Voter, isWanted: () => boolean): Promise<T> =>
      voter.change(lane, (storage) => {
        if (!always && !isWanted()) throw new Error('the vote was over before it could be asked');
        if (!always && voter.isInDoubt(lane))
          throw new Error('it did not say whether it took back what it gave before');
        return call(storage);
      });
    return Ballot.hold({ voters, ask, isYes, isDecided, onLate, timeoutMs, clock });
  }

  look<T>(call: (storage: LockStorage) => Promise<T>, isDecided: (ballot: Ballot<T>) => boolean): Promise<Ballot<T>> {
    const { voters, clock, timeoutMs } = this;
    return Ballot.hold({ voters, ask: (voter) => voter.look(call), isYes: () => true, isDecided, timeoutMs, clock });
  }

  /** Every lock of every voter. Each step of a list has the bound of one question. */
  lists(prefix: string): Promise<Ballot<readonly LockRecord[]>> {
    const { voters, clock, timeoutMs } = this;
    const ask = (voter: Voter): Promise<readonly LockRecord[]> => collect(voter, prefix, clock, timeoutMs);
    const isDecided = ({ errors }: Ballot<unknown>): boolean => errors.length > this.spare;
    return Ballot.hold({ voters, ask, isYes: () => true, isDecided, timeoutMs: longestMs, clock });
  }

  /** Who has a majority, or may have one with the votes of `unknown` others. */
  holder(entries: readonly Entry[], unknown: number): LockRecord | undefined {
    const named = mostNamed(entries, this.majority);
    return named !== undefined && named.count + unknown >= this.majority ? named.record : undefined;
  }

  /** Whom most of those name that refused. */
  blocker(refusals: readonly Refusal[]): LockRecord | undefined {
    const entries = refusals.map(({ voter, value }) => ({ voter, record: value.record }));
    return mostNamed(entries, this.majority)?.record;
  }

  /** Too few answered, so nobody knows. */
  undecided(operation: string, ballot: Ballot<unknown>, problem?: string): StorageError {
    const { errors, votes, voters, yes } = ballot;
    const silent = votes.flatMap(({ node, vote, ms, problem: why }) => {
      if (vote === 'late') return [`${node} did not answer within ${Math.round(ms)} ms`];
      return why === undefined ? [] : [`${node}: ${why}`];
    });
    const count = `${yes.length} of ${voters.length} did it, ${this.majority} are needed`;
    return new StorageError(this.name, operation, [problem ?? count, ...silent].join('; '), {
      votes,
      ...(errors.length > 0 && { cause: new AggregateError(errors, errors.map(messageOf).join('; ')) }),
    });
  }

  /** Resolves when what was asked up to now has been answered, or could have been. */
  async settled(): Promise<void> {
    const { clock, timeoutMs, voters } = this;
    const all = Promise.all(voters.map((voter) => voter.settled()));
    await inTime(all, clock, timeoutMs).catch(() => undefined);
  }
}

/** Somebody refused, and says who has it. */
export interface Refusal {
  readonly voter: Voter;
  readonly value: { readonly record?: LockRecord | undefined };
}

const longestMs = 2 ** 31 - 1;

import type { Clock, Vote } from '@lockscope/storage';
import type { Voter } from './voter.ts';

/** What a ballot is held about. */
export interface Question<T> {
  readonly voters: readonly Voter[];
  /** Is told how to see that its answer is not wanted any more. */
  readonly ask: (voter: Voter, isWanted: () => boolean) => Promise<T>;
  readonly isYes: (value: T) => boolean;
  /** Whether more answers would change nothing. */
  readonly isDecided: (ballot: Ballot<T>) => boolean;
  /** Is told what comes when all is decided already. */
  readonly onLate?: ((ballot: Ballot<T>, voter: Voter, value: T) => void) | undefined;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** What one voter said. */
export interface Said<T> {
  readonly voter: Voter;
  readonly ms: number;
  readonly isYes: boolean;
  readonly value: T;
}

/** One that could not answer. */
interface Failure {
  readonly voter: Voter;
  readonly ms: number;
  readonly error: unknown;
}

/** One question to several voters at once: the answers up to the moment in which it was decided. */
export class Ballot<T> {
  readonly voters: readonly Voter[];
  /** What those said who answered. */
  readonly values: Said<T>[] = [];
  readonly #failures: Failure[] = [];
  /** When it was asked, in epoch milliseconds. */
  readonly startedAt: number;
  #tookMs: number | undefined;

  private constructor(voters: readonly Voter[], startedAt: number) {
    this.voters = voters;
    this.startedAt = startedAt;
  }

  /**
   * Asks, and resolves as soon as `isDecided`, when all have answered, or after `timeoutMs`: always. What is answered
   * later changes nothing here.
   */
  static hold<T>({ voters, ask, isYes, isDecided, onLate, timeoutMs, clock }: Question<T>): Promise<Ballot<T>> {
    const ballot = new Ballot<T>(voters, clock.now());
    const sentAt = clock.monotonic();
    return new Promise((resolve) => {
      const end = (): void => {
        ballot.#tookMs = clock.monotonic() - sentAt;
        clock.clearTimeout(timer);
        resolve(ballot);
      };
      const timer = clock.setTimeout(end, timeoutMs);
      const note = (add: (ms: number) => void): void => {
        add(clock.monotonic() - sentAt);
        if (ballot.pending === 0 || isDecided(ballot)) end();
      };
      const said = (voter: Voter, value: T): void => {
        if (ballot.#isOpen) note((ms) => ballot.values.push({ voter, ms, isYes: isYes(value), value }));
        else onLate?.(ballot, voter, value);
      };
      const failed = (voter: Voter, error: unknown): void => {
        if (ballot.#isOpen) note((ms) => ballot.#failures.push({ voter, ms, error }));
      };
      for (const voter of voters) {
        ask(voter, () => ballot.#isOpen).then(
          (value) => said(voter, value),
          (error: unknown) => failed(voter, error),
        );
      }
    });
  }

  /** Those who agreed. */
  get yes(): Said<T>[] {
    return this.values.filter(({ isYes }) => isYes);
  }

  /** Those who did not. */
  get no(): Said<T>[] {
    return this.values.filter(({ isYes }) => !isYes);
  }

  get errors(): unknown[] {
    return this.#failures.map(({ error }) => error);
  }

  /** How many have not answered; once it is over, they are late. */
  get pending(): number {
    return this.voters.length - this.values.length - this.#failures.length;
  }

  /** How many gave no usable answer; once it is over, late ones are among them. */
  get failed(): number {
    return this.#failures.length + (this.#isOpen ? 0 : this.pending);
  }

  /** Those that may have done what was asked: they agreed, failed, or are late. */
  get perhaps(): Voter[] {
    const refused = new Set(this.no.map(({ voter }) => voter));
    return this.voters.filter((voter) => !refused.has(voter));
  }

  get votes(): readonly Vote[] {
    return this.voters.map((voter) => this.#voteOf(voter));
  }

  get #isOpen(): boolean {
    return this.#tookMs === undefined;
  }

  #voteOf(voter: Voter): Vote {
    const node = voter.name;
    const said = this.values.find((one) => one.voter === voter);
    if (said !== undefined) return { node, vote: said.isYes ? 'granted' : 'refused', ms: said.ms };
    const failure = this.#failures.find((one) => one.voter === voter);
    if (failure === undefined) return { node, vote: 'late', ms: this.#tookMs ?? 0 };
    return { node, vote: 'failed', ms: failure.ms, problem: messageOf(failure.error) };
  }
}

/** The words of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

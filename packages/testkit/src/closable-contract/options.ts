import { InvalidOptionsError } from '@lockscope/core';
import type { Closable } from '@lockscope/delivery';

/** What `create` gives: something that takes events and can be closed, not used before, and what can be asked of it. */
export interface ClosableSetup {
  readonly subject: Closable;
  /** Gives it event number `n`. Resolves when it is accepted, rejects when it is not. */
  readonly put: (n: number) => Promise<unknown>;
  /** Numbers of the events that reached their destination and were finished with there, in that order. */
  readonly delivered: () => readonly number[];
  /** From now on the destination finishes with nothing, and heeds no signal. */
  readonly stick: () => void;
  /** It finishes with what it has, and works again. */
  readonly unstick: () => void;
  /** Whether a refusal says that the subject is closed. */
  readonly isClosedError: (error: unknown) => boolean;
  /** Runs `act` while the destination has its next event, and does not finish with that event before `act` has ended. */
  readonly inside?: (act: () => unknown) => void;
  /** Gives it any value as an event. */
  readonly putAny?: (value: unknown) => Promise<unknown>;
  /** Numbers of accepted events that are kept elsewhere and outlive the subject: in a database, at a broker. */
  readonly left?: () => readonly number[] | Promise<readonly number[]>;
  /** Ends what `create` started; the subject has been closed already. */
  readonly dispose?: () => unknown;
}

/** Options of `closableContract`. */
export interface ClosableContractOptions {
  /** Called once for each case. */
  readonly create: () => ClosableSetup | Promise<ClosableSetup>;
  /** How many events may be with the destination at a time; `Infinity` where nothing bounds them. Default 1. */
  readonly concurrency?: number;
  /** Whether events reach their destination in the order in which they were accepted. Default true. */
  readonly ordered?: boolean;
  /**
   * How long an end that has to come may take, in milliseconds. Default 10,000: far more than anything takes, so that it
   * only tells what hangs from what does not.
   */
  readonly settleMs?: number;
}

/** The options with their defaults. */
export type CheckedClosableOptions = Required<ClosableContractOptions>;

/** Fills the defaults in and checks everything at once. */
export function checkClosableOptions(options: ClosableContractOptions): CheckedClosableOptions {
  const { create, concurrency = 1, ordered = true, settleMs = 10_000 } = options;
  const problems: string[] = [];
  if (typeof create !== 'function') problems.push(`create must be a function, got ${typeof create}`);
  for (const [name, value] of Object.entries({ concurrency, settleMs })) {
    if (!(value >= 1)) problems.push(`${name} must be a number of at least 1, got ${String(value)}`);
  }
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return { create, concurrency, ordered, settleMs };
}

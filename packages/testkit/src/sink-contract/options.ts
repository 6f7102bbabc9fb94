import { InvalidOptionsError } from '@lockscope/core';
import type { Sink } from '@lockscope/delivery';

/** What `create` gives: a sink of numbers that nobody used before, and what can be asked of it. */
export interface SinkSetup {
  readonly sink: Sink<number>;
  /** Numbers that have arrived where the sink takes them, in that order. */
  readonly arrived: () => readonly number[] | Promise<readonly number[]>;
  /** Where it takes them refuses from now on, or takes them again. */
  readonly refuse?: (refuses: boolean) => unknown;
  /** Numbers that were accepted and told to a hook because they could not be delivered. */
  readonly dropped?: () => readonly number[];
  /** Ends what `create` started; the sink has been closed already. */
  readonly dispose?: () => unknown;
}

/** Options of `sinkContract`. */
export interface SinkContractOptions {
  /** Called once for each case. */
  readonly create: () => SinkSetup | Promise<SinkSetup>;
  /** Whether events that are written at once arrive in the order of their writes. Default true. */
  readonly ordered?: boolean;
  /** How long an end that has to come may take, in milliseconds. Default 10,000. */
  readonly settleMs?: number;
  /** Whether the setups have `refuse`. Its cases are left out otherwise, and named in `missing`. Default true. */
  readonly refuses?: boolean;
}

/** The options with their defaults. */
export type CheckedSinkOptions = Required<SinkContractOptions>;

/** Fills the defaults in and checks everything at once. */
export function checkSinkOptions(options: SinkContractOptions): CheckedSinkOptions {
  const { create, ordered = true, settleMs = 10_000, refuses = true } = options;
  const problems: string[] = [];
  if (typeof create !== 'function') problems.push(`create must be a function, got ${typeof create}`);
  if (!(settleMs >= 1)) problems.push(`settleMs must be a number of at least 1, got ${String(settleMs)}`);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return { create, ordered, settleMs, refuses };
}

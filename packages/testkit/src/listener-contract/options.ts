import { InvalidOptionsError, type Event, type Listener } from '@lockscope/core';

/** What `create` gives: a listener that nobody used before, and what can be asked of it. */
export interface ListenerSetup {
  readonly listener: Listener;
  /** How many events that ended it has accounted for: counted, exported or dropped with a count. */
  readonly told?: () => number | undefined;
  /** Makes it deliver what it keeps. Default: the listener's own `flush`, where it has one. */
  readonly flush?: () => unknown;
  /** Ends it. Default: the listener's own `close`, where it has one. */
  readonly close?: () => unknown;
}

/** Options of `listenerContract`. */
export interface ListenerContractOptions {
  /** Called once for each case. */
  readonly create: () => ListenerSetup | Promise<ListenerSetup>;
  /** Which events that ended `told` counts. Default: all of the types that the listener wants. */
  readonly accounts?: (event: Event) => boolean;
  /** How long one call of the listener may keep the caller, in milliseconds. Default 500: a pause of a busy machine. */
  readonly maxBlockMs?: number;
  /** How long flush and close may take, in milliseconds. Default 5,000. */
  readonly settleMs?: number;
  /** How many events the long case tells, at least. Default 10,000. */
  readonly events?: number;
  /** To how many events that have ended it may keep a reference. Default 1,000. */
  readonly mayKeep?: number;
  /** Ends what `create` started; the listener has been closed already. */
  readonly dispose?: (setup: ListenerSetup) => unknown;
}

/** The options with their defaults. */
export type CheckedListenerOptions = ListenerContractOptions &
  Required<Pick<ListenerContractOptions, 'accounts' | 'events' | 'maxBlockMs' | 'settleMs' | 'mayKeep'>>;

/** Fills the defaults in and checks everything at once. */
export function checkListenerOptions(options: ListenerContractOptions): CheckedListenerOptions {
  const problems: string[] = [];
  if (typeof options.create !== 'function') problems.push(`create must be a function, got ${typeof options.create}`);
  for (const name of ['events', 'maxBlockMs', 'settleMs', 'mayKeep'] as const) {
    const value = options[name] ?? 1;
    if (!(Number.isFinite(value) && value >= 1)) problems.push(`${name} must be a number of at least 1, got ${value}`);
  }
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return { accounts: () => true, events: 10_000, maxBlockMs: 500, settleMs: 5000, mayKeep: 1000, ...options };
}

import { InvalidOptionsError } from '@lockscope/core';
import type { Dispatcher, DispatcherHooks } from '@lockscope/delivery';

/** What a case asks of the dispatcher that it is given. */
export interface DispatcherDemands extends DispatcherHooks {
  /** How many events may be accepted and not finished. */
  readonly maxQueued?: number;
  /** How many attempts of one topic may run at once. */
  readonly parallel?: number;
}

/** A dispatcher for one case, with nothing in it. */
export interface DispatcherSetup {
  readonly dispatcher: Dispatcher;
  /** Ends what else was made for it; called when the dispatcher is closed. */
  readonly dispose?: () => unknown;
}

/** What the dispatcher can, as facts. */
export interface DispatcherAbilities {
  /** Events can be held back, and attempts put off. Default true. */
  readonly delays?: boolean;
  /** An event with an id that waits already is known again. Default true. */
  readonly ids?: boolean;
  /** It refuses events when so many wait. Default true. */
  readonly limits?: boolean;
  /** What is not handled when it is closed is kept for the next process, and so not given up. Default false. */
  readonly keeps?: boolean;
}

/** Options of {@link dispatcherContract}. */
export interface DispatcherContractOptions extends DispatcherAbilities {
  readonly create: (demands: DispatcherDemands) => DispatcherSetup | Promise<DispatcherSetup>;
  /** How long to wait for something that has to happen, in milliseconds. Default 10,000. */
  readonly withinMs?: number;
  /** How long nothing may happen before it is believed that nothing does, in milliseconds. Default 100. */
  readonly quietMs?: number;
}

/** Options, whole. */
export type CheckedDispatcherOptions = Required<DispatcherContractOptions>;

/** Throws an `InvalidOptionsError` with all problems. */
export function checkDispatcherOptions(options: DispatcherContractOptions): CheckedDispatcherOptions {
  const checked = { delays: true, ids: true, limits: true, keeps: false, withinMs: 10_000, quietMs: 100, ...options };
  const problems: string[] = [];
  if (typeof checked.create !== 'function') problems.push(`create must be a function, got ${typeof checked.create}`);
  for (const name of ['withinMs', 'quietMs'] as const) {
    if (!(checked[name] >= 1)) problems.push(`${name} must be a number of at least 1, got ${String(checked[name])}`);
  }
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return checked;
}

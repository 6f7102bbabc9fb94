import { contractOf, type Contract } from './case.ts';
import { ClosableTrial } from './closable-contract/closable-trial.ts';
import { deadline } from './closable-contract/deadline.ts';
import { ending } from './closable-contract/ending.ts';
import { checkClosableOptions, type ClosableContractOptions, type ClosableSetup } from './closable-contract/options.ts';

/** Options of {@link closableContract} that say which verbs `create` gives. */
export interface ClosableVerbs {
  /** Verbs that the setups have not. Their cases are left out, and named in `missing`. Default: none is missing. */
  readonly without?: readonly ('inside' | 'putAny')[];
}

/**
 * What everything that takes events and has a `close()` promises, as cases for any test runner: nothing is taken after
 * it, what was accepted is delivered or counted, all closers get the same end, and a signal ends it whatever the
 * destination does.
 *
 * While a case runs it takes the process's `unhandledRejection` events for itself, so run the cases one after another,
 * with real timers.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong with the options.
 */
export function closableContract(options: ClosableContractOptions & ClosableVerbs): Contract {
  const checked = checkClosableOptions(options);
  const without = new Set<keyof ClosableSetup>(options.without ?? []);
  const scripts = [...ending, ...deadline].filter(({ needs = [] }) => !needs.some((verb) => without.has(verb)));
  const cases = scripts.map(({ name, needs = [], body }) => ({
    name,
    needs,
    run: () => ClosableTrial.run(checked, body),
  }));
  return contractOf(cases, [...without]);
}

import { contractOf, type Contract } from './case.ts';
import { bounds } from './dispatcher-contract/bounds.ts';
import { failing } from './dispatcher-contract/failing.ts';
import { handingOut } from './dispatcher-contract/handing-out.ts';
import { checkDispatcherOptions, type DispatcherContractOptions } from './dispatcher-contract/options.ts';
import { times } from './dispatcher-contract/times.ts';
import { DispatcherTrial } from './dispatcher-contract/trial.ts';

/**
 * What a dispatcher promises, as cases for any test runner; the same for those in memory and those on a server. What a
 * dispatcher cannot do is stated as a fact in the options; `missing` then names it.
 *
 * While a case runs it takes the process's `unhandledRejection` events for itself, so run the cases one after another.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong with the options.
 */
export function dispatcherContract(options: DispatcherContractOptions): Contract {
  const checked = checkDispatcherOptions(options);
  const scripts = [...handingOut, ...times, ...failing, ...bounds];
  const fitting = scripts.filter(({ needs = [] }) => needs.every((ability) => checked[ability]));
  const cases = fitting.map((script) => ({
    name: script.name,
    ...(script.needs !== undefined && { needs: script.needs }),
    run: () => DispatcherTrial.run(checked, script),
  }));
  return contractOf(
    cases,
    (['delays', 'ids', 'limits'] as const).filter((ability) => !checked[ability]),
  );
}

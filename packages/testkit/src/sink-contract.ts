import { contractOf, type Contract } from './case.ts';
import { checkSinkOptions, type SinkContractOptions } from './sink-contract/options.ts';
import { SinkTrial } from './sink-contract/sink-trial.ts';
import { writing } from './sink-contract/writing.ts';

/**
 * What a sink promises about its writes, as cases for any test runner: a write that resolves has an answer for its event,
 * one that rejects has left it with the writer, order is kept and nothing arrives twice. Run `closableContract` too, for
 * its close.
 *
 * While a case runs it takes the process's `unhandledRejection` events for itself, so run the cases one after another.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong with the options.
 */
export function sinkContract(options: SinkContractOptions): Contract {
  const checked = checkSinkOptions(options);
  const scripts = writing.filter(({ needs = [] }) => checked.refuses || needs.length === 0);
  const cases = scripts.map(({ name, needs = [], body }) => ({
    name,
    needs,
    run: () => SinkTrial.run(checked, body),
  }));
  return contractOf(cases, checked.refuses ? [] : ['refuse']);
}

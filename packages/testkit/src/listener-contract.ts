import { contractOf, type Contract } from './case.ts';
import { keeping } from './listener-contract/keeping.ts';
import { ListenerTrial } from './listener-contract/listener-trial.ts';
import { checkListenerOptions, type ListenerContractOptions } from './listener-contract/options.ts';
import { settling } from './listener-contract/settling.ts';
import { surrounding } from './listener-contract/surrounding.ts';
import { telling } from './listener-contract/telling.ts';

/**
 * What a good listener promises, as cases for any test runner. Nothing that a listener does can break a lock; a listener
 * that keeps this contract does not even show up among the faults, whatever it is told.
 *
 * While a case runs it takes the process's `unhandledRejection` events for itself, so run the cases one after another.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong with the options.
 */
export function listenerContract(options: ListenerContractOptions): Contract {
  const checked = checkListenerOptions(options);
  const scripts = [...telling, ...surrounding, ...settling, ...keeping];
  const cases = scripts.map(({ name, body }) => ({ name, run: () => ListenerTrial.run(checked, body) }));
  return contractOf(cases, []);
}

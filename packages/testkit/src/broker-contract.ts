import { BrokerTrial } from './broker-contract/broker-trial.ts';
import { closing } from './broker-contract/closing.ts';
import { failing } from './broker-contract/failing.ts';
import { checkBrokerOptions, type BrokerContractOptions } from './broker-contract/options.ts';
import { outages } from './broker-contract/outages.ts';
import { publishing } from './broker-contract/publishing.ts';
import { requesting } from './broker-contract/requesting.ts';
import { sharing } from './broker-contract/sharing.ts';
import { subscribing } from './broker-contract/subscribing.ts';
import { contractOf, type Contract } from './case.ts';

/**
 * What every broker promises, as cases for any test runner: what it states in its `capabilities` is checked too, also
 * what it states not to have.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong with the options.
 */
export function brokerContract(options: BrokerContractOptions): Contract {
  const checked = checkBrokerOptions(options);
  const scripts = [...publishing, ...subscribing, ...failing, ...sharing, ...requesting, ...closing];
  const all = checked.outages ? [...scripts, ...outages] : scripts;
  const cases = all.map((script) => ({ name: script.name, run: () => BrokerTrial.run(checked, script) }));
  return contractOf(cases, checked.outages ? [] : ['outage']);
}

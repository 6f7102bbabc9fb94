import { contractOf, type Contract } from './case.ts';
import { aborting, acquiring, fairness, givingUp, tokens, trying } from './lock-contract/acquiring.ts';
import { acrossProcesses, killing } from './lock-contract/across-processes.ts';
import { LockTrial } from './lock-contract/lock-trial.ts';
import {
  checkLockOptions,
  type CheckedLockOptions,
  type LockContractOptions,
  type LockSetup,
} from './lock-contract/options.ts';
import { running, runningOnTwo, type LockScript } from './lock-contract/running.ts';

/**
 * What everybody expects of a lock, as cases for any test runner: for a lock library of any kind, not only Lockscope's.
 * What contenders add to is a number in a file, read, then written, so that a lock that excludes nobody is found out.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong with the options.
 */
export function lockContract<S extends LockSetup>(options: LockContractOptions<S>): Contract {
  // The verbs only ever get what `create` of the same options gave.
  const checked = checkLockOptions(options) as unknown as CheckedLockOptions<LockSetup>;
  const cases = scriptsFor(checked).map(({ name, needs, body }) => ({
    name,
    ...(needs.length > 0 && { needs }),
    run: () => LockTrial.run(checked, body),
  }));
  return contractOf(cases, missing(checked));
}

function scriptsFor({ abilities, second, processes }: CheckedLockOptions<LockSetup>): LockScript[] {
  const { acquire } = abilities;
  return [
    ...running,
    ...(second === undefined ? [] : runningOnTwo),
    ...(acquire ? acquiring : []),
    ...(abilities.tryAcquire ? trying : []),
    ...(acquire && abilities.waitMs ? givingUp : []),
    ...(acquire && abilities.signal ? aborting : []),
    ...(acquire && abilities.tokens ? tokens : []),
    ...(acquire && abilities.fair ? fairness : []),
    ...(processes === undefined ? [] : acrossProcesses),
    ...(processes?.leaseMs === undefined ? [] : killing),
  ];
}

function missing({ abilities, second, processes }: CheckedLockOptions<LockSetup>): string[] {
  const absent = Object.entries(abilities).filter(([, there]) => !there);
  return [
    ...(second === undefined ? ['second'] : []),
    ...absent.map(([name]) => `abilities.${name}`),
    ...(processes === undefined ? ['processes'] : []),
    ...(processes?.leaseMs === undefined ? ['processes.leaseMs'] : []),
  ];
}

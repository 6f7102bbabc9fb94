import { contractOf, type Contract } from './case.ts';
import { basics } from './storage-contract/basics.ts';
import { closing, closingOneOfTwo } from './storage-contract/closing.ts';
import { damage } from './storage-contract/damage.ts';
import { expiry, wallClock } from './storage-contract/expiry.ts';
import { forceRelease } from './storage-contract/force-release.ts';
import { identity } from './storage-contract/identity.ts';
import { listing } from './storage-contract/listing.ts';
import { news, noNews } from './storage-contract/news.ts';
import {
  checkStorageOptions,
  missingVerbs,
  type CheckedStorageOptions,
  type StorageContractOptions,
  type StorageSetup,
} from './storage-contract/options.ts';
import { connections, restarts, restartsWithoutMemory, stalls } from './storage-contract/outages.ts';
import { noQueue, queue } from './storage-contract/queue.ts';
import { races } from './storage-contract/races.ts';
import type { Script } from './storage-contract/script.ts';
import { durability, tokens } from './storage-contract/tokens.ts';
import { Trial } from './storage-contract/trial.ts';

/**
 * Everything that a `LockStorage` signs, as cases for any test runner. Each case works on a storage of its own. Which
 * cases there are follows from the capabilities and the verbs alone, so a runner knows them before anything is made.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong with the options.
 */
export function storageContract<S extends StorageSetup>(options: StorageContractOptions<S>): Contract {
  const checked = checkStorageOptions(options);
  // The verbs only ever get what `create` of the same options gave.
  const bound = checked as unknown as CheckedStorageOptions<StorageSetup>;
  const cases = scriptsFor(bound).map(({ name, needs, body }) => ({
    name,
    ...(needs.length > 0 && { needs }),
    run: () => Trial.run(bound, body),
  }));
  return contractOf(cases, missingVerbs(checked));
}

function scriptsFor({ capabilities, second, faults }: CheckedStorageOptions<StorageSetup>): Script[] {
  const { durable, queues, notifies } = capabilities;
  const restarting = durable ? restarts : restartsWithoutMemory;
  return [
    ...closing,
    ...(second === undefined ? [] : closingOneOfTwo),
    ...basics,
    ...identity,
    ...expiry,
    ...(faults.stepWallClock === undefined ? [] : wallClock),
    ...tokens,
    ...(durable ? durability : []),
    ...races,
    ...(queues ? queue : noQueue),
    ...(notifies ? news : noNews),
    ...listing,
    ...forceRelease,
    ...(faults.damage === undefined ? [] : damage),
    ...(faults.dropConnection === undefined ? [] : connections),
    ...(faults.freeze === undefined ? [] : stalls),
    ...(faults.restart === undefined ? [] : restarting),
  ];
}

import { contractOf, type Contract } from './case.ts';
import { basics } from './storage-contract/basics.ts';
import { behind } from './storage-contract/behind.ts';
import { closing, closingOneOfTwo } from './storage-contract/closing.ts';
import { damage } from './storage-contract/damage.ts';
import { expiry, wallClock } from './storage-contract/expiry.ts';
import { forceRelease } from './storage-contract/force-release.ts';
import { forced } from './storage-contract/forced.ts';
import { handingOver } from './storage-contract/hand-over.ts';
import { identity } from './storage-contract/identity.ts';
import { listing } from './storage-contract/listing.ts';
import { asking, askingAll, news, noNews } from './storage-contract/news.ts';
import {
  checkStorageOptions,
  missingVerbs,
  type CheckedStorageOptions,
  type StorageContractOptions,
  type StorageSetup,
} from './storage-contract/options.ts';
import {
  connections,
  newsAfterABreak,
  newsAfterARestart,
  newsAfterAStall,
  restarts,
  restartsWithoutMemory,
  stalls,
} from './storage-contract/outages.ts';
import { durablePassingOn, passingOn } from './storage-contract/passing-on.ts';
import { noQueue, queue } from './storage-contract/queue.ts';
import { races } from './storage-contract/races.ts';
import { noRenewingMany, renewingDamaged, renewingMany } from './storage-contract/renew-many.ts';
import type { Script } from './storage-contract/script.ts';
import { shareHandOver, shareNews, shareQueue } from './storage-contract/share-queue.ts';
import { noShare, share } from './storage-contract/share.ts';
import { slowness, slowNews } from './storage-contract/slowness.ts';
import { durability, tokens } from './storage-contract/tokens.ts';
import { Trial } from './storage-contract/trial.ts';
import { handedTurns, noTurns, sharedTurns, turns } from './storage-contract/turns.ts';

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

function scriptsFor(options: CheckedStorageOptions<StorageSetup>): Script[] {
  const { capabilities, second, faults, handsOver, renewsMany } = options;
  const { durable, queues, notifies } = capabilities;
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
    ...(queues ? behind : []),
    ...(notifies ? news : noNews),
    ...(handsOver ? handingOver : []),
    ...(notifies && !handsOver ? asking : []),
    ...(notifies && !queues ? askingAll : []),
    ...sharing(options),
    ...pastTurns(options),
    ...passingOn,
    ...(durable ? durablePassingOn : []),
    ...(renewsMany ? renewingMany : noRenewingMany),
    ...listing,
    ...forceRelease,
    ...forced,
    ...(faults.damage === undefined ? [] : damage),
    ...(renewsMany && faults.damage !== undefined ? renewingDamaged : []),
    ...outages(options),
  ];
}

function sharing({ capabilities, handsOver }: CheckedStorageOptions<StorageSetup>): readonly Script[] {
  const { queues, notifies, shares } = capabilities;
  if (!shares) return noShare;
  return [...share, ...(queues ? shareQueue : []), ...(handsOver ? shareHandOver : []), ...(notifies ? shareNews : [])];
}

function pastTurns({ capabilities, handsOver }: CheckedStorageOptions<StorageSetup>): readonly Script[] {
  if (!capabilities.turns) return noTurns;
  return [...turns, ...(handsOver ? handedTurns : []), ...(capabilities.shares ? sharedTurns : [])];
}

function outages({ capabilities, faults }: CheckedStorageOptions<StorageSetup>): Script[] {
  const { durable, notifies } = capabilities;
  const when = (verb: keyof typeof faults, ...scripts: readonly (readonly Script[])[]): Script[] =>
    faults[verb] === undefined ? [] : scripts.flat();
  return [
    ...when('dropConnection', connections, notifies ? newsAfterABreak : []),
    ...when('freeze', stalls, notifies ? newsAfterAStall : []),
    ...when('restart', durable ? restarts : restartsWithoutMemory, notifies ? newsAfterARestart : []),
    ...when('slow', slowness, notifies ? slowNews : []),
  ];
}

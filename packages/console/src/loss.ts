import { fieldsOf, numberOf, textOf } from './fields.ts';
import { duration } from './page/duration.ts';

const meanings: Readonly<Record<string, string>> = {
  expired: 'its lease ran out and nothing renewed it',
  stolen: 'somebody else has it',
  forced: 'it was taken away by force',
  unreachable: 'the storage did not answer before the lease was over',
  stalled: 'its process was too busy to renew the lease in time',
};

/** What a reason means, as a sentence goes on after "lost it:". */
export function lossMeaning(reason: string): string {
  return meanings[reason] ?? reason;
}

/** The evidence of a loss, one short sentence each; what says nothing is left out. */
export function lossEvidence(given: unknown): string[] {
  const evidence = fieldsOf(given);
  const ms = (name: string): number | undefined => numberOf(evidence[name]);
  const [confirmed, late, gc, trip] = [
    ms('sinceConfirmedMs'),
    ms('eventLoopDelayMs'),
    ms('gcMs'),
    ms('storageRoundTripMs'),
  ];
  const failed = ms('failedRenewals') ?? 0;
  const { renewalPending, successor } = evidence;
  return [
    late !== undefined && late >= 1 && `event loop late by ${duration(late)}`,
    confirmed !== undefined && `lease last confirmed ${duration(confirmed)} before`,
    gc !== undefined && gc >= 1 && `garbage collection took ${duration(gc)}`,
    failed > 0 && `${failed} ${failed === 1 ? 'renewal' : 'renewals'} failed`,
    renewalPending === true && trip !== undefined && `a renewal had no answer for ${duration(trip)}`,
    renewalPending !== true && trip !== undefined && `last round trip to the storage took ${duration(trip)}`,
    typeof successor === 'object' && successor !== null && `now held by ${successorName(successor)}`,
  ].filter((sentence) => typeof sentence === 'string');
}

function successorName(successor: object): string {
  const { operation, ownerId, fencingToken } = fieldsOf(successor);
  const token = numberOf(fencingToken);
  return `${textOf(operation) ?? textOf(ownerId) ?? 'somebody'}${token === undefined ? '' : ` (token ${token})`}`;
}

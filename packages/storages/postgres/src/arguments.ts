import type { AcquireRequest, RenewRequest } from '@lockscope/storage';
import { maxBehind, recordedHolder } from './answers.ts';
import type { Address } from './listener.ts';
import { toStoredText } from './stored-text.ts';

/** Longer than anybody waits, and added to the time of day still a whole number. */
const longestMs = 2 ** 45;

/** Whole milliseconds, at least one. */
export function wholeMs(ms: number): number {
  return Math.min(longestMs, Math.max(0, Math.floor(ms)));
}

/** What the function `acquire` takes. */
export function acquireValues(request: AcquireRequest, address: Address | undefined, durability: string): unknown[] {
  const { key, leaseId, leaseMs, holder, share, waitMs, waitedMs = 0, claimMs = leaseMs, behind = [] } = request;
  const lease = Math.max(1, wholeMs(leaseMs));
  const companions = behind
    .slice(0, maxBehind)
    .map((companion) => [recordedHolder(companion.holder), companion.waitedMs]);
  return [
    toStoredText(key),
    toStoredText(leaseId),
    lease,
    JSON.stringify(recordedHolder(holder)),
    share === undefined ? null : share,
    waitMs === undefined ? null : wholeMs(waitMs),
    wholeMs(waitedMs),
    Math.max(1, Math.min(lease, wholeMs(claimMs))),
    companions.length === 0 ? null : JSON.stringify(companions),
    request.spareTokens ?? 0,
    request.tokenAbove ?? 0,
    address?.channel ?? null,
    address?.id ?? null,
    durability,
    request.turns === true && waitMs !== undefined,
  ];
}

/** What the function `renew` takes, but for the durability. */
export function renewValues({ key, leaseId, leaseMs, update }: RenewRequest): unknown[] {
  return [
    toStoredText(key),
    toStoredText(leaseId),
    Math.max(1, wholeMs(leaseMs)),
    update === undefined ? null : JSON.stringify(recordedHolder(update.holder)),
    update?.fencingToken ?? 0,
  ];
}

/** The same for many: one array for each of its parameters. */
export function renewManyValues(requests: readonly RenewRequest[]): unknown[] {
  const rows = requests.map(renewValues);
  return [0, 1, 2, 3, 4].map((column) => rows.map((row) => row[column]));
}

import { InvalidOptionsError, unknownOptions } from '@lockscope/core';
import type { LockRegistry } from './lock-registry.ts';
import { checkText, show } from './option-checks.ts';
import type { PossessionFacts } from './possession-facts.ts';

/** What is known of a write that was refused because of its fencing token. */
export interface FenceRejection {
  /** What refused it, few-valued: a table, a service. Up to 128 characters. */
  readonly resource?: string;
  /** The greater token that it had seen. */
  readonly currentToken?: number;
}

const known = new Set(['resource', 'currentToken']);
const maxResourceLength = 128;

/** @internal Tells listeners that a token was refused. Checked also when nobody listens. @throws {InvalidOptionsError} */
export function tellRejected(
  { listeners, storage }: LockRegistry,
  { key, name, record }: PossessionFacts,
  rejection: FenceRejection,
): void {
  checkRejection(rejection);
  if (!listeners.wants('fence.rejected')) return;
  const { holder, fencingToken, share } = record;
  const { ownerId, operation } = holder;
  const { resource, currentToken } = rejection;
  const event = listeners.begin('fence.rejected', {
    lockName: name,
    lockKey: key,
    ownerId,
    storageName: storage.name,
    ...(operation !== undefined && { operation }),
    ...(share !== undefined && { mode: share === Infinity ? ('shared' as const) : ('semaphore' as const) }),
  });
  event?.end('rejected', {
    details: {
      fencingToken,
      ...(resource !== undefined && { resource }),
      ...(currentToken !== undefined && { currentToken }),
    },
  });
}

function checkRejection(rejection: unknown): void {
  if (typeof rejection !== 'object' || rejection === null)
    throw new InvalidOptionsError([`what was refused must be an object, got ${show(rejection)}`]);
  const problems = unknownOptions(rejection, known);
  const { resource, currentToken } = rejection as Readonly<Record<string, unknown>>;
  checkText('resource', resource, maxResourceLength, problems);
  if (currentToken !== undefined && !(Number.isSafeInteger(currentToken) && (currentToken as number) >= 0))
    problems.push(`currentToken must be a whole number of at least 0, got ${show(currentToken)}`);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
}

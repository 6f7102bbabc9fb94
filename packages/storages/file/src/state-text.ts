import { parseHolder, type Predecessor } from '@lockscope/storage';
import type { ForcedLease, KeyState } from './key-state.ts';

const format = 1;

/** The text of a state. Its first line says to people what it is. */
export function formatState({ key, ...rest }: KeyState): string {
  return `${JSON.stringify({ lockscope: format, key, ...rest })}\n`;
}

/** Reads a text back; gives what is wrong with it when it is not one of Lockscope's. */
export function parseState(key: string | undefined, text: string): KeyState | string {
  const raw = fieldsOf(text);
  if (raw?.['lockscope'] !== format) return `it has no "lockscope": ${format}`;
  const { token, tokens, leaseId, acquiredAt, endsAt, releasedAt, run, startedAt } = raw;
  const known = raw['key'];
  if (typeof known !== 'string' || (key !== undefined && known !== key)) return 'it is of another key';
  const holder = parseHolder(raw['holder']);
  if (holder === undefined) return 'its holder cannot be read';
  if (!isToken(token)) return 'its token is not a whole number above 0';
  if (!isToken(tokens) || tokens < token) return 'its greatest token is not a whole number, or less than its token';
  if (typeof leaseId !== 'string') return 'its lease id is not a text';
  if (typeof run !== 'string') return 'the run of its clock is not a text';
  if (!isTime(startedAt) || !isTime(acquiredAt) || !isTime(endsAt)) return 'its times are not numbers';
  if (releasedAt !== undefined && !isTime(releasedAt)) return 'the time of its release is not a number';
  const previous = parsePredecessor(raw['previous']);
  const forced = parseForced(raw['forced']);
  return Object.freeze({
    key: known,
    run,
    startedAt,
    token,
    tokens,
    leaseId,
    holder,
    acquiredAt,
    endsAt,
    ...(releasedAt !== undefined && { releasedAt }),
    ...(forced.length > 0 && { forced }),
    ...(previous !== undefined && { previous }),
  });
}

function parsePredecessor(value: unknown): Predecessor | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const raw = value as Readonly<Record<string, unknown>>;
  const holder = parseHolder(raw['holder']);
  const { fencingToken, releasedAt, expiredAt } = raw;
  if (holder === undefined || !isToken(fencingToken)) return undefined;
  if (isTime(releasedAt)) return Object.freeze({ holder, fencingToken, releasedAt });
  return isTime(expiredAt) ? Object.freeze({ holder, fencingToken, expiredAt }) : undefined;
}

function parseForced(value: unknown): readonly ForcedLease[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    const { leaseId, endsAt } = Object(entry) as Readonly<Record<string, unknown>>;
    return typeof leaseId === 'string' && isTime(endsAt) ? [{ leaseId, endsAt }] : [];
  });
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it is a whole number above 0 that has a successor. */
function isToken(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1 && value !== Number.MAX_SAFE_INTEGER;
}

function isTime(value: unknown): value is number {
  return Number.isFinite(value);
}

import { StorageError, type LeaseNews, type LockRecord, type LockState, type RenewResult } from '@lockscope/storage';
import { foreign, parseGrant, parseRecord, parseState, type Answer } from './answers.ts';
import { fromStoredText } from './stored-text.ts';

/** A held lock with those who wait for it. */
export type HeldState = LockState & { readonly record: LockRecord };

/** @throws {ForeignRecordError} when the server says that the record is not one of Lockscope's. */
export function sound(key: string, answer: Answer | undefined, operation: string): Answer {
  if (answer?.['x'] === true) throw foreign(key, operation, 'it is not as Lockscope writes it');
  return answer ?? {};
}

/** What a renewal came to. */
export function renewal(key: string, answer: Answer): RenewResult {
  const storageNow = Number(answer['t']);
  const { e: expiresAt } = answer;
  if (typeof expiresAt === 'number') return { renewed: true, expiresAt, storageNow };
  return { renewed: false, record: parseRecord(key, answer['r'], 'renew'), forced: answer['f'] === true, storageNow };
}

/** A grant that was told; what cannot be read is worth asking. */
export function grantNews(key: string, answer: Answer): LeaseNews {
  try {
    return { type: 'granted', result: parseGrant(key, answer, 'hand over') };
  } catch {
    return { type: 'ask' };
  }
}

/** A record that is not Lockscope's is left out. */
export function listed(answer: Answer): HeldState | undefined {
  try {
    const { record, ...rest } = parseState(fromStoredText(textOf(answer['k'])), answer, 'list');
    return record === undefined ? undefined : { record, ...rest };
  } catch (error) {
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}

/** The text, or an empty one where there is none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

import {
  ForeignRecordError,
  StorageClosedError,
  StorageError,
  type RenewRequest,
  type RenewResult,
} from '@lockscope/storage';
import type { Database } from './database.ts';
import { parseRecord } from './lock-row.ts';
import { micros, named, renewed, updateValues, type LockTable } from './lock-table.ts';
import { rowsOf, time, type Row } from './row.ts';
import { literal } from './script.ts';
import { toStoredText } from './stored-text.ts';

const chunkLength = 250;

/** Renewals in bulk: what nobody shares in one command, the rest one after the other. */
export class Renewals {
  readonly #database: Database;
  readonly #table: LockTable;

  constructor(database: Database, table: LockTable) {
    this.#database = database;
    this.#table = table;
  }

  async renewMany(requests: readonly RenewRequest[]): Promise<readonly (RenewResult | StorageError)[]> {
    const results: (RenewResult | StorageError | undefined)[] = requests.map(() => undefined);
    // A key that comes twice goes by itself the second time: one statement changes a row once.
    const first = new Map<string, number>();
    requests.forEach(({ key }, index) => {
      if (!first.has(key)) first.set(key, index);
    });
    const indexes = [...first.values()].toSorted((a, b) => compareKeys(requests[a], requests[b]));
    for (let from = 0; from < indexes.length; from += chunkLength) {
      await this.#renewChunk(requests, indexes.slice(from, from + chunkLength), results);
    }
    for (const [index, request] of requests.entries()) results[index] ??= await this.#renewOne(request);
    return results as (RenewResult | StorageError)[];
  }

  /** In the order of the keys, so that two who renew at once do not lock each other's rows crosswise. */
  async #renewChunk(
    requests: readonly RenewRequest[],
    indexes: readonly number[],
    results: (RenewResult | StorageError | undefined)[],
  ): Promise<void> {
    const chosen = indexes.map((index) => requests[index] as RenewRequest);
    const keys = chosen.map(({ key }) => literal('key', toStoredText(key))).join(', ');
    try {
      const renewals = chosen.map(asSelect).join('\nUNION ALL ');
      const answers = await this.#database.run('renew', 'renewMany', {}, (sql) =>
        sql.replaceAll('{keys}', keys).replace('{renewals}', renewals),
      );
      const rows = new Map(rowsOf(answers.at(-2)).map((row) => [row['lock_key']?.toString('latin1'), row]));
      for (const [at, request] of chosen.entries()) {
        const row = rows.get(toStoredText(request.key).toString('latin1'));
        const result = row === undefined ? undefined : renewedIn(row, request);
        if (result !== undefined) results[indexes[at] as number] = result;
      }
    } catch (error) {
      if (!(error instanceof StorageError) || error instanceof StorageClosedError) throw error;
      for (const index of indexes) results[index] = error;
    }
  }

  async #renewOne({ key, leaseId, leaseMs, update }: RenewRequest): Promise<RenewResult | StorageError> {
    try {
      return await this.#table.renew(key, leaseId, leaseMs, update);
    } catch (error) {
      if (!(error instanceof StorageError) || error instanceof StorageClosedError) throw error;
      return error;
    }
  }
}

/** The answer, when this lease has the lock alone; a lease that is over was not extended. */
function renewedIn(row: Row, { key, leaseId, leaseMs }: RenewRequest): RenewResult | undefined {
  try {
    const record = parseRecord(key, row, 'renew');
    if (record.leaseId !== leaseId || record.expiresAt <= (time(row['now']) ?? 0)) return undefined;
    return renewed(record, leaseMs);
  } catch (error) {
    if (error instanceof ForeignRecordError) return undefined;
    throw error;
  }
}

function asSelect({ key, leaseId, leaseMs, update }: RenewRequest): string {
  const { holder, token } = updateValues(update);
  const lease = named(key, leaseId, 'renew');
  const columns = { lock_key: lease.key, lease_id: lease.lease, lease_us: micros(leaseMs), holder, token };
  return `SELECT ${Object.entries(columns)
    .map(([name, value]) => `${literal(name, value)} AS ${name}`)
    .join(', ')}`;
}

function compareKeys(a: RenewRequest | undefined, b: RenewRequest | undefined): number {
  return Buffer.compare(toStoredText(a?.key ?? ''), toStoredText(b?.key ?? ''));
}

import { InvalidOptionsError, unknownOptions } from '@lockscope/core';
import { show } from './option-checks.ts';

/** Whatever has a fencing token: a held lock, or what a receiver read from a request. */
export interface Fenced {
  readonly fencingToken: number;
}

/** The two parts of a guarded `UPDATE`, and the value that each of them takes. */
export interface FencedSql {
  /** Goes behind `SET`, beside what else is set. */
  readonly set: string;
  /** Goes behind `WHERE`, together with what selects the row by `AND`. */
  readonly where: string;
  readonly token: number;
}

/** How the guard is written. */
export interface FencedSqlOptions {
  /** The column that keeps the greatest token that wrote the row; an integer of 64 bits. Default `fencing_token`. */
  readonly column?: string;
  /**
   * The placeholder for the token: `?` (MySQL, SQLite) is written once in each part and takes a value each time; `$1`,
   * `?1`, `:token` and `@token` mean the same value in both. Default `?`.
   */
  readonly parameter?: string;
}

const known = new Set(['column', 'parameter']);

/**
 * The guard for an `UPDATE` of what a lock protects: it changes the row only if nobody with a greater token did. A row
 * without a token takes any. The holder may write as often as it likes.
 *
 * @throws {InvalidOptionsError}
 */
export function fencedSql({ fencingToken }: Fenced, options: FencedSqlOptions = {}): FencedSql {
  const problems = [...unknownOptions(options, known), ...problemsOf(fencingToken)];
  const { column = 'fencing_token', parameter = '?' } = options;
  // Both become part of a statement.
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(column))
    problems.push(`column must be a name without quotes, such as fencing_token, got ${show(column)}`);
  if (!/^(\?\d*|[$:@][A-Za-z0-9_]+)$/.test(parameter))
    problems.push(`parameter must be a placeholder, such as ?, $1 or :token, got ${show(parameter)}`);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return {
    set: `${column} = ${parameter}`,
    where: `COALESCE(${column}, 0) <= ${parameter}`,
    token: fencingToken,
  };
}

/**
 * The header that carries a fencing token to a service, which refuses a token that is less than the greatest it has seen
 * for that resource.
 *
 * @throws {InvalidOptionsError}
 */
export function fencedHeaders({ fencingToken }: Fenced): { readonly 'fencing-token': string } {
  const problems = problemsOf(fencingToken);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return { 'fencing-token': String(fencingToken) };
}

function problemsOf(fencingToken: unknown): string[] {
  if (Number.isSafeInteger(fencingToken) && (fencingToken as number) >= 0) return [];
  return [`fencingToken must be a whole number of at least 0, got ${show(fencingToken)}`];
}

/** What a statement can be given: whole numbers, bytes, or nothing. */
export type SqlValue = number | Buffer | null;

/** Values by the names that statements have them under: `:key`. */
export type SqlValues = Readonly<Record<string, SqlValue>>;

/**
 * The text of a statement with its values in it. Texts go as hexadecimal bytes: they mean the same in every character
 * set and SQL mode, and nothing in them can be taken for SQL.
 *
 * @throws {RangeError} when a value is missing or is not a whole number.
 */
export function fill(statement: string, values: SqlValues): string {
  return statement.replace(/:([a-z][a-zA-Z]*)/g, (_, name: string) => literal(name, values[name]));
}

/** A value as SQL. */
export function literal(name: string, value: SqlValue | undefined): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  if (Buffer.isBuffer(value)) return `X'${value.toString('hex')}'`;
  throw new RangeError(`the value of ${name} cannot be written into a statement: ${String(value)}`);
}

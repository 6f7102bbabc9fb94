/** What kind of failure SQLite reported, by the name of its primary result code. */
export type Failure = (typeof names)[keyof typeof names];

const names = {
  1: 'ERROR',
  3: 'PERM',
  5: 'BUSY',
  6: 'LOCKED',
  8: 'READONLY',
  10: 'IOERR',
  11: 'CORRUPT',
  13: 'FULL',
  14: 'CANTOPEN',
  19: 'CONSTRAINT',
  26: 'NOTADB',
} as const;

const known: ReadonlySet<string> = new Set(Object.values(names));

/**
 * Tells by the code, never by the text. `node:sqlite` has the number in `errcode`; `libsql` and `better-sqlite3` have
 * the name in `code`, with details behind it: `SQLITE_BUSY_SNAPSHOT`.
 */
export function failureOf(error: unknown): Failure | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { errcode, code } = error as { readonly errcode?: unknown; readonly code?: unknown };
  if (typeof errcode === 'number') return names[(errcode & 255) as keyof typeof names];
  if (typeof code !== 'string' || !code.startsWith('SQLITE_')) return undefined;
  const name = code.split('_')[1] ?? '';
  return known.has(name) ? (name as Failure) : undefined;
}

/** Somebody else who has the same handle is inside a transaction: as busy as a database can be. */
export class OpenTransactionError extends Error {
  readonly code = 'SQLITE_BUSY';

  constructor() {
    super('a transaction was left open on the database that you gave');
    this.name = 'OpenTransactionError';
  }
}

/** What a person is told about it. */
export function describeFailure(error: unknown, path: string): string {
  if (error instanceof OpenTransactionError) return error.message;
  switch (failureOf(error)) {
    case 'BUSY':
    case 'LOCKED':
      return `another process has ${path} locked`;
    case 'READONLY':
    case 'PERM':
      return `this process may not write ${path}: check the permissions of the file and of its folder`;
    case 'NOTADB':
      return `${path} is not an SQLite database: give another path, or remove the file if nobody needs it`;
    case 'CORRUPT':
      return `${path} is damaged: stop what uses it and remove it, or restore it`;
    case 'FULL':
      return `there is no room left for ${path}`;
    case 'CANTOPEN':
      return cannotOpen(path);
    case 'IOERR':
      return `${path} cannot be read or written: ${textOf(error)}`;
    default:
      return textOf(error);
  }
}

/** libsql does not give a code when it cannot even make a connection. */
export function cannotOpen(path: string): string {
  return `${path} cannot be opened: check that its folder exists and may be written by this process`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code that PostgreSQL or the system gave: `40001`, `ECONNREFUSED`. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, errors } = error as { readonly code?: unknown; readonly errors?: unknown };
  if (typeof code === 'string') return code;
  // A name with several addresses fails with one error for each.
  return Array.isArray(errors) ? codeOf(errors[0]) : undefined;
}

/** Nothing was done, and it may go well the next time: a serialization failure, a deadlock. */
export function isCollision(error: unknown): boolean {
  const code = codeOf(error);
  return code === '40001' || code === '40P01';
}

/** The schema or something in it is not there. Nothing was done. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === '42P01' || code === '42883' || code === '3F000';
}

/**
 * A prepared statement is not there that this connection has prepared, or there is one that it has not. Nothing was done.
 */
export function isLostStatement(error: unknown): boolean {
  const code = codeOf(error);
  return code === '26000' || code === '42P05';
}

/** The connection broke or was ended, so that another one may go well. The outcome is unknown. */
export function isLostConnection(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined) return code === 'ECONNRESET' || code === 'EPIPE' || code === '57P01' || code === '57P02';
  return error instanceof Error && /^Connection terminated unexpectedly|not queryable/.test(error.message);
}

export function isPermission(error: unknown): boolean {
  return codeOf(error) === '42501';
}

/** What a person is told about it. */
export function describeFailure(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const meaning = meanings[codeOf(error) ?? ''] ?? byText(text);
  return meaning === undefined ? text || String(codeOf(error)) : `${meaning} (${text || String(codeOf(error))})`;
}

const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'no PostgreSQL listens there',
  ENOTFOUND: 'there is no host of that name',
  ETIMEDOUT: 'the server did not answer in time',
  ECONNRESET: 'the connection to the server broke',
  EPIPE: 'the connection to the server broke',
  '25001': 'the transaction isolation of this role, database or pool does not fit',
  '25006': 'the server may only be read: it is a standby, or default_transaction_read_only is on',
  '28000': 'the server refuses this role',
  '28P01': 'the password is not right',
  '3D000': 'there is no such database',
  '40001': 'the operation met others again and again',
  '40P01': 'the operation met others again and again',
  '53100': 'the disk of the server is full',
  '53300': 'the server has no connection left: give the pool fewer, or the server more',
  '55P03': 'a lock of the database was not free within lock_timeout',
  '57014': 'the server gave the statement up: statement_timeout, or somebody cancelled it',
  '57P01': 'an administrator ended the connection, or the server shuts down',
  '57P02': 'the server crashed',
  '57P03': 'the server is starting or shutting down',
};

function byText(text: string): string | undefined {
  if (/timeout exceeded when trying to connect|due to connection timeout/.test(text))
    return 'no connection was free or could be made in time';
  if (text.startsWith('Query read timeout')) return 'the server did not answer in time';
  if (text.startsWith('Connection terminated')) return 'the connection to the server broke';
  return undefined;
}

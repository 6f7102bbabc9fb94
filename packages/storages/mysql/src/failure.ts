import { TimeoutError } from './mysql-pool.ts';

interface ServerFailure {
  readonly errno?: unknown;
  readonly code?: unknown;
  readonly sqlMessage?: unknown;
}

/** Errors after which nothing was changed and another try can go well. */
const passing = new Set([
  1205, // ER_LOCK_WAIT_TIMEOUT
  1213, // ER_LOCK_DEADLOCK
  3572, // ER_LOCK_NOWAIT
  1020, // ER_CHECKREAD: the record has changed since last read
]);

/** The number of what the server reported, undefined for anything else. */
export function errorNumber(error: unknown): number | undefined {
  const { errno } = Object(error) as ServerFailure;
  return typeof errno === 'number' && errno > 0 ? errno : undefined;
}

/** True when others were in the way for a moment: a deadlock, a row that was locked for too long. */
export function isPassing(error: unknown): boolean {
  return passing.has(errorNumber(error) ?? 0);
}

/** True when the table refused a value: what is there cannot be continued. */
export function isRefusedValue(error: unknown): boolean {
  return [4025, 3819, 1264, 1690].includes(errorNumber(error) ?? 0);
}

/** What a person is told about it. */
export function describeFailure(error: unknown): string {
  if (error instanceof TimeoutError) return 'the server did not answer in time';
  const text = textOf(error);
  switch (errorNumber(error)) {
    case 1040:
    case 1203:
    case 1226:
      return `the server takes no more connections: raise max_connections, or use fewer (connectionLimit): ${text}`;
    case 1044:
    case 1045:
    case 1142:
    case 1143:
    case 1227:
    case 1698:
      return `this user may not do that: ${text}`;
    case 1046:
      return 'no database is selected: name one in the url or the connection';
    case 1049:
      return `there is no such database: ${text}`;
    case 1053:
      return 'the server is being shut down';
    case 1146:
      return `a table is missing, as if somebody had dropped it or restored another database: ${text}`;
    case 1064:
      return `the server does not take several statements in one command: make the pool with multipleStatements: true: ${text}`;
    case 1205:
      return 'another transaction has the row locked, and does not end';
    case 1213:
    case 1020:
      return 'other transactions were in the way each time (deadlock)';
    case 1290:
    case 1792:
    case 1836:
      return `the server is read-only, as a replica is: use the one that takes writes: ${text}`;
    case 1317:
    case 1927:
    case 3024:
      return `somebody or a time limit ended the statement: ${text}`;
    case 1568:
      return 'a connection of the pool has a transaction open: somebody gave it back without COMMIT or ROLLBACK';
    case 1665:
      return 'the log has only statements (binlog_format = STATEMENT): set it to ROW or MIXED';
    default:
      return describeConnection(error, text);
  }
}

function describeConnection(error: unknown, text: string): string {
  switch ((Object(error) as ServerFailure).code) {
    case 'PROTOCOL_CONNECTION_LOST':
    case 'ECONNRESET':
    case 'EPIPE':
      return `the connection broke: ${text}`;
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EHOSTUNREACH':
    case 'ETIMEDOUT':
    case 'ENOENT':
      return `the server cannot be reached: ${text}`;
    default:
      return text;
  }
}

function textOf(error: unknown): string {
  const { sqlMessage, code } = Object(error) as ServerFailure;
  if (typeof sqlMessage === 'string') return sqlMessage;
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  return typeof code === 'string' ? code : error.name;
}

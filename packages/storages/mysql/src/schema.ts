import { errorNumber } from './failure.ts';
import { MysqlSchemaError } from './errors.ts';
import { send, type Connection } from './mysql-pool.ts';
import { integer, rowsOf, type Row } from './row.ts';
import { literal } from './script.ts';
import { createTables, schemaVersion, tableComment, tableNames } from './tables.ts';

/** What is known of the server. */
interface ServerFacts {
  /** True when changes are logged as statements only, which rules out READ COMMITTED. */
  readonly logsStatements: boolean;
}

/** How long one process waits for another that makes the tables, in seconds. */
const patience = 4;
const noTable = 1146;
const oldest = { mariadb: [10, 6], mysql: [8, 0] } as const;

/** Looks at the server, makes the tables where there are none, and refuses those that are not its own. */
export async function prepareSchema(connection: Connection, prefix: string): Promise<ServerFacts> {
  const facts = await serverFacts(connection);
  const found = await readVersion(connection, prefix);
  if (found === undefined) await makeTables(connection, prefix);
  else checkVersion(found);
  await checkColumns(connection, prefix);
  return facts;
}

async function serverFacts(connection: Connection): Promise<ServerFacts> {
  const sql =
    'SELECT VERSION() AS version, @@GLOBAL.log_bin AS logs, @@SESSION.binlog_format AS format, DATABASE() AS name';
  const row = await firstRow(connection, sql);
  const full = text(row['version']);
  const dialect = /mariadb/i.test(full) ? 'mariadb' : 'mysql';
  const version = /\d+\.\d+(?:\.\d+)?/.exec(full.replace(/^5\.5\.5-/, ''))?.[0] ?? full;
  if (row['name'] == null) throw new MysqlSchemaError(undefined, 'no database is selected: name one to connect to');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [least, leastMinor] = oldest[dialect];
  if (major < least || (major === least && minor < leastMinor))
    throw new MysqlSchemaError(undefined, `${full} is too old: MariaDB 10.6 or MySQL 8.0 is needed`);
  return { logsStatements: text(row['logs']) === '1' && text(row['format']) === 'STATEMENT' };
}

/** The version of the tables; undefined when there are none of these names. */
async function readVersion(connection: Connection, prefix: string): Promise<number | undefined> {
  const names = Object.values(tableNames(prefix)).map((name) => literal('name', Buffer.from(name.toLowerCase())));
  const sql = `SELECT TABLE_NAME AS name, TABLE_COMMENT AS comment FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = DATABASE() AND LOWER(TABLE_NAME) IN (${names.join(', ')})`;
  const [answer] = await send(connection, [sql]);
  const foreign = rowsOf(answer).find((row) => text(row['comment']) !== tableComment);
  if (foreign !== undefined)
    throw new MysqlSchemaError(
      undefined,
      `the database has a table ${text(foreign['name'])} that Lockscope did not make: give another prefix`,
    );
  try {
    const row = await firstRow(connection, `SELECT version FROM \`${tableNames(prefix).meta}\` WHERE id = 1`);
    return integer(row['version']);
  } catch (error) {
    if (errorNumber(error) === noTable) return undefined;
    throw error;
  }
}

/**
 * One process makes them, the others wait for it. Statements that make tables cannot be taken back: one that was
 * ended in the middle is continued by the next process, because the row with the version comes last.
 */
async function makeTables(connection: Connection, prefix: string): Promise<void> {
  const lock = `SHA1(CONCAT(DATABASE(), ${literal('prefix', Buffer.from(`:lockscope:${prefix}`))}))`;
  const statements = createTables(tableNames(prefix));
  const { got } = await firstRow(connection, `SELECT GET_LOCK(${lock}, ${patience}) AS got`);
  if (integer(got) !== 1)
    throw new MysqlSchemaError(undefined, `another process has been making the tables for more than ${patience} s`);
  try {
    const found = await readVersion(connection, prefix);
    if (found !== undefined) return checkVersion(found);
    for (const statement of statements) await send(connection, [statement]);
  } catch (cause) {
    if (![1044, 1142, 1227].includes(errorNumber(cause) ?? 0)) throw cause;
    const problem = `this user may not make the tables. Let somebody run this, or grant CREATE for a moment:\n${statements.join(';\n')};`;
    throw new MysqlSchemaError(undefined, problem, { cause });
  } finally {
    await send(connection, [`DO RELEASE_LOCK(${lock})`]);
  }
}

function checkVersion(found: number): void {
  if (found === schemaVersion) return;
  throw new MysqlSchemaError(
    found,
    `the tables are of version ${found}, and this Lockscope has version ${schemaVersion}: let all processes use one version, and drop the tables while none of them runs`,
  );
}

async function checkColumns(connection: Connection, prefix: string): Promise<void> {
  const { meta, locks, sharers, waiters } = tableNames(prefix);
  try {
    await send(connection, [
      `SELECT floor FROM \`${meta}\` LIMIT 0`,
      `SELECT token, busy_until, crowd_until, released_at, forced, prev_released, turns FROM \`${locks}\` LIMIT 0`,
      `SELECT fencing_token, share, ends_at, forced FROM \`${sharers}\` LIMIT 0`,
      `SELECT place, behind, asked_at, forget_at, asks FROM \`${waiters}\` LIMIT 0`,
    ]);
  } catch (cause) {
    if (![1054, noTable].includes(errorNumber(cause) ?? 0)) throw cause;
    const problem = `the tables of prefix ${prefix} are not as Lockscope made them: give another prefix, or drop them`;
    throw new MysqlSchemaError(undefined, problem, { cause });
  }
}

async function firstRow(connection: Connection, sql: string): Promise<Row> {
  const [answer] = await send(connection, [sql]);
  return rowsOf(answer)[0] ?? {};
}

function text(value: Row[string]): string {
  return value?.toString('utf8') ?? '';
}

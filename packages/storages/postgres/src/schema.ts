import type { Database } from './database.ts';
import { PostgresPermissionError, PostgresSchemaError } from './errors.ts';
import { isMissing, isPermission } from './failure.ts';
import type { PostgresClient } from './postgres-pool.ts';
import { contentSql, grantsSql, seedOf } from './schema-sql.ts';
import { schemaVersion } from './tables-sql.ts';

/** What an administrator runs who does not let Lockscope make its schema. */
export function wholeSql(schema: string, role?: string): string {
  const grants = role === undefined ? '' : grantsSql(schema, `"${role.replaceAll('"', '""')}"`);
  return `BEGIN;\nCREATE SCHEMA ${schema};\n${contentSql(schema)}${grants}COMMIT;\n`;
}

/**
 * Sees that the schema is there and is of this version, and makes it otherwise. Any number of processes may do it at
 * once. Gives the channel on which all hear what concerns everybody.
 */
export async function prepareSchema(database: Database, schema: string, create: boolean): Promise<string> {
  try {
    const channel = await findMeta(database, schema);
    if (channel !== undefined) return channel;
    if (!create)
      throw new PostgresSchemaError(
        schema,
        undefined,
        `there is no schema ${schema} in this database, and createSchema is false: run what PostgresStorage.schemaSql() gives`,
      );
    return await makeSchema(database, schema);
  } catch (error) {
    throw isPermission(error) ? await permissionError(database, schema, 'open', error) : error;
  }
}

/** What is missing for this role, and how to give it. */
export async function permissionError(
  database: Database,
  schema: string,
  operation: string,
  cause: unknown,
): Promise<PostgresPermissionError> {
  let role = 'the_role_of_lockscope';
  let missing = true;
  try {
    const { rows } = await database.query(
      `SELECT current_user AS role, NOT EXISTS (
        SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = 'meta') AS missing`,
      [schema],
    );
    role = String(rows[0]?.['role']);
    missing = rows[0]?.['missing'] !== false;
  } catch {
    // The placeholder tells enough.
  }
  const quoted = `"${role.replaceAll('"', '""')}"`;
  const [problem, sql] = missing
    ? [`the role ${role} may not make the schema ${schema}`, wholeSql(schema, role)]
    : [`the role ${role} may not use the schema ${schema}`, grantsSql(schema, quoted)];
  return new PostgresPermissionError(operation, problem, sql, { cause });
}

async function findMeta(database: Database, schema: string): Promise<string | undefined> {
  try {
    const { rows } = await database.query(metaSql(schema), []);
    return checkMeta(schema, rows[0]);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw isForeign(error) ? foreignSchema(schema, error) : error;
  }
}

async function makeSchema(database: Database, schema: string): Promise<string> {
  return database.session(async (client) => {
    await client.query({ text: 'BEGIN ISOLATION LEVEL READ COMMITTED' });
    // One process makes it; the others wait here, and find it.
    await client.query({ text: `SELECT pg_advisory_xact_lock(${seedOf(schema)})` });
    if (!(await exists(client, schema))) {
      await client.query({ text: `CREATE SCHEMA IF NOT EXISTS ${schema}` });
    } else if (await isUsed(client, schema)) {
      const channel = await readMeta(client, schema);
      await client.query({ text: 'COMMIT' });
      return channel;
    }
    await client.query({ text: contentSql(schema) });
    const channel = await readMeta(client, schema);
    await client.query({ text: 'COMMIT' });
    return channel;
  });
}

async function exists(client: PostgresClient, schema: string): Promise<boolean> {
  const { rows } = await client.query({ text: 'SELECT FROM pg_namespace WHERE nspname = $1', values: [schema] });
  return rows.length > 0;
}

async function isUsed(client: PostgresClient, schema: string): Promise<boolean> {
  const { rows } = await client.query({
    text: `SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1
      UNION ALL SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $1 LIMIT 1`,
    values: [schema],
  });
  return rows.length > 0;
}

async function readMeta(client: PostgresClient, schema: string): Promise<string> {
  try {
    const { rows } = await client.query({ text: metaSql(schema) });
    return checkMeta(schema, rows[0]);
  } catch (error) {
    throw isMissing(error) || isForeign(error) ? foreignSchema(schema, error) : error;
  }
}

function metaSql(schema: string): string {
  return `SELECT application, version, channel FROM ${schema}.meta WHERE id`;
}

/** A column that is not there, or is of another type. */
function isForeign(error: unknown): boolean {
  const { code } = Object(error) as { readonly code?: unknown };
  return code === '42703' || code === '42804' || code === '42809';
}

function checkMeta(schema: string, row: Readonly<Record<string, unknown>> | undefined): string {
  if (row?.['application'] !== 'lockscope' || typeof row['channel'] !== 'string') throw foreignSchema(schema);
  const version = Number(row['version']);
  if (version !== schemaVersion) {
    throw new PostgresSchemaError(
      schema,
      version,
      `the schema ${schema} is of version ${version}, and this Lockscope has version ${schemaVersion}: let all processes use one version, or give another schema; drop this one while nobody uses it`,
    );
  }
  return row['channel'];
}

function foreignSchema(schema: string, cause?: unknown): PostgresSchemaError {
  const problem = `the schema ${schema} has tables or functions that Lockscope did not make: give another schema`;
  return new PostgresSchemaError(schema, undefined, problem, { cause });
}

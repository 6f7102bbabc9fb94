import { createHash } from 'node:crypto';
import { grantingSql } from './granting-sql.ts';
import { lookingSql } from './looking-sql.ts';
import { operationsSql } from './operations-sql.ts';
import { shortSql } from './short-sql.ts';
import { schemaVersion, tablesSql } from './tables-sql.ts';

/** What makes everything inside a schema that exists and is empty. */
export function contentSql(schema: string): string {
  return [
    tablesSql(schema),
    grantingSql(schema, seedOf(schema)),
    operationsSql(schema),
    shortSql(schema, seedOf(schema)),
    lookingSql(schema),
    `INSERT INTO ${schema}.meta (application, version) VALUES ('lockscope', ${schemaVersion});\n`,
  ].join('');
}

/** Two schemas in one database do not wait for each other: their keys have other lock ids. */
export function seedOf(schema: string): string {
  return createHash('sha256').update(`lockscope ${schema}`).digest().readBigInt64BE().toString();
}

/** What lets a role use what an administrator made. */
export function grantsSql(schema: string, role: string): string {
  return `GRANT USAGE ON SCHEMA ${schema} TO ${role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema} TO ${role};
`;
}

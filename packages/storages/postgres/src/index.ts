export { PostgresOptionsError, PostgresPermissionError, PostgresSchemaError } from './errors.ts';
export type {
  Durability,
  PostgresConnectionOptions,
  PostgresPoolOptions,
  PostgresStorageOptions,
} from './postgres-options.ts';
export type { PostgresClient, PostgresPool, PostgresPoolClient, PostgresQuery, PostgresRows } from './postgres-pool.ts';
export { PostgresStorage } from './postgres-storage.ts';

export { MysqlOptionsError, MysqlSchemaError } from './errors.ts';
export type {
  MysqlConnectionOptions,
  MysqlPoolOptions,
  MysqlStorageOptions,
  MysqlUrlOptions,
} from './mysql-options.ts';
export type { MysqlPool } from './mysql-pool.ts';
export { MysqlStorage } from './mysql-storage.ts';

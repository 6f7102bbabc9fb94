export { SqliteDriverError, SqliteMachineError, SqliteOptionsError, SqliteSchemaError } from './errors.ts';
export type { SqliteDatabaseClass } from './load-driver.ts';
export { machineClock, type MachineClock } from '@lockscope/storage/machine-clock';
export type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite-database.ts';
export type { SqliteDatabaseOptions, SqliteDriver, SqliteFileOptions, SqliteStorageOptions } from './sqlite-options.ts';
export { SqliteStorage } from './sqlite-storage.ts';

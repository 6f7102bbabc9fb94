/**
 * What the storage needs of a pool: that of `pg` has it. Kept small, so that versions and types of `pg` may differ.
 */
export interface PostgresPool {
  connect(): Promise<PostgresPoolClient>;
  query(query: PostgresQuery): Promise<PostgresRows>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
  /** What it makes its connections with; the one that listens is made with it, too. */
  readonly options: object;
}

/** A connection that was taken out of a pool. */
export interface PostgresPoolClient extends PostgresClient {
  release(error?: Error | boolean): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

/** One connection. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<PostgresRows>;
}

/** One statement with its parameters. */
export interface PostgresQuery {
  readonly text: string;
  /** Under which the connection keeps it. */
  readonly name?: string;
  readonly values?: unknown[];
}

/** What a statement gave. */
export interface PostgresRows {
  readonly rows: Record<string, unknown>[];
}

import { StorageClosedError, StorageError } from '@lockscope/storage';
import { parseAnswer, type Answer } from './answers.ts';
import type { Database } from './database.ts';
import { describeFailure, isCollision, isLostConnection, isMissing, isPermission } from './failure.ts';
import type { ResolvedOptions } from './postgres-options.ts';
import { sound } from './results.ts';
import { permissionError, prepareSchema } from './schema.ts';

const triesAtCollision = 5;

/** The functions of the schema, which the first call makes where they are not there. Every call is one statement. */
export class SchemaFunctions {
  readonly #storage: string;
  readonly #database: Database;
  readonly #options: ResolvedOptions;
  readonly #statements = new Map<string, string>();
  #prepared: Promise<string> | undefined;
  /** Whether the schema is known to be there. */
  #ready = false;
  #closed = false;

  /** `storage`: what errors call it. */
  constructor(storage: string, database: Database, options: ResolvedOptions) {
    this.#storage = storage;
    this.#database = database;
    this.#options = options;
  }

  /** Calls a function of which every answer is about one key. */
  async call(operation: string, key: string, name: string, values: unknown[], again: boolean): Promise<Answer> {
    return sound(key, await this.run(operation, name, values, again), operation);
  }

  /** Calls a function of the schema. `again`: doing it twice does no harm, so a lost connection is no reason to fail. */
  async run(operation: string, name: string, values: unknown[], again: boolean): Promise<Answer | undefined> {
    const text = this.#statement(name, values.length);
    for (let tries = 1; ; tries += 1) {
      if (this.#closed) throw new StorageClosedError(this.#storage, operation);
      try {
        if (!this.#ready) await this.prepare();
        const { rows } = await this.#database.repeated(text, values);
        return parseAnswer(rows[0]?.['answer']);
      } catch (error) {
        if (error instanceof StorageError) throw error;
        if (isMissing(error)) this.#forgetPrepared();
        const worthIt =
          (isCollision(error) && tries < triesAtCollision) ||
          (tries === 1 && (isMissing(error) || (again && isLostConnection(error))));
        if (!worthIt) throw await this.problem(operation, error);
      }
    }
  }

  /** The call of a function of the schema. */
  #statement(name: string, length: number): string {
    let text = this.#statements.get(name);
    if (text === undefined) {
      const holes = Array.from({ length }, (_, at) => `$${at + 1}`).join(', ');
      text = `SELECT ${this.#options.schema}.${name}(${holes}) AS answer`;
      this.#statements.set(name, text);
    }
    return text;
  }

  close(): void {
    this.#closed = true;
  }

  #forgetPrepared(): void {
    this.#prepared = undefined;
    this.#ready = false;
  }

  /** Looks for the schema once, and again by the next operation when that failed. */
  prepare(): Promise<string> {
    const { schema, createSchema } = this.#options;
    if (this.#prepared === undefined) {
      const prepared = prepareSchema(this.#database, schema, createSchema);
      this.#prepared = prepared;
      prepared.then(
        () => (this.#ready = this.#prepared === prepared),
        () => {
          if (this.#prepared === prepared) this.#prepared = undefined;
        },
      );
    }
    return this.#prepared;
  }

  /** What to throw where the server could not answer. */
  async problem(operation: string, error: unknown): Promise<StorageError> {
    if (error instanceof StorageError) return error;
    if (isPermission(error)) return permissionError(this.#database, this.#options.schema, operation, error);
    return new StorageError(this.#storage, operation, describeFailure(error), { cause: error });
  }
}

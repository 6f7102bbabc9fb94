import { createPool, type Pool } from 'mysql2/promise';
import type { MariadbTestServer } from '../../../../test/support/servers/mariadb.ts';

let count = 0;

/** A database of its own on a server of a test, and a connection beside the storage to look and to break things. */
export class TestDatabase {
  readonly name: string;
  readonly url: string;
  /** Of root, without a database. */
  readonly plain: Pool;

  private constructor(server: MariadbTestServer, name: string) {
    this.name = name;
    this.url = `${server.url}/${name}`;
    this.plain = createPool({ uri: server.url, connectionLimit: 2 });
  }

  static async create(server: MariadbTestServer): Promise<TestDatabase> {
    count += 1;
    const database = new TestDatabase(server, `test_${process.pid}_${count}`);
    await database.plain.query(`CREATE DATABASE ${database.name}`);
    return database;
  }

  /** Runs a statement beside the storage; `locks` and the other tables stand for those of the default prefix. */
  async run(sql: string, values: readonly unknown[] = []): Promise<unknown> {
    const [rows] = await this.plain.query(sql.replaceAll('{db}', this.name), [...values]);
    return rows;
  }

  /** The connections in this database that carry out a statement, or wait for a row in one. */
  busy(): Promise<readonly number[]> {
    return this.#connections("COMMAND = 'Query'");
  }

  /** Ends all connections that are in this database. */
  async cut(): Promise<void> {
    for (const id of await this.#connections('TRUE')) {
      try {
        await this.plain.query(`KILL ${id}`);
      } catch (error) {
        // It ended by itself meanwhile.
        if ((error as { readonly errno?: unknown }).errno !== 1094) throw error;
      }
    }
  }

  async drop(): Promise<void> {
    await this.plain.query(`DROP DATABASE IF EXISTS ${this.name}`);
    await this.plain.end();
  }

  async #connections(which: string): Promise<readonly number[]> {
    const sql = `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE DB = ? AND ${which}`;
    const rows = (await this.run(sql, [this.name])) as readonly { readonly id: number }[];
    return rows.map(({ id }) => id);
  }
}

import type { VersionedRecord, VersionedStore } from '../src/index.ts';

/** What a medium keeps: handles on the same map share it. */
export type Medium = Map<string, VersionedRecord>;

/** A versioned store in memory, as plain as one can be. */
export class MapVersionedStore implements VersionedStore {
  readonly name = 'map';
  readonly capabilities = { reach: 'machine', durable: true } as const;
  readonly #medium: Medium;
  readonly #time: () => number;

  constructor(medium: Medium, time: () => number) {
    this.#medium = medium;
    this.#time = time;
  }

  async createWithVersion(key: string, version: number, text: string): Promise<boolean> {
    if (this.#medium.has(key)) return false;
    this.#medium.set(key, { version, text });
    return true;
  }

  async updateWithVersion(key: string, expectedVersion: number, newVersion: number, text: string): Promise<boolean> {
    if (this.#medium.get(key)?.version !== expectedVersion) return false;
    this.#medium.set(key, { version: newVersion, text });
    return true;
  }

  async get(key: string): Promise<VersionedRecord | undefined> {
    return this.#medium.get(key);
  }

  async getTime(): Promise<number> {
    return this.#time();
  }

  async *list(prefix: string): AsyncGenerator<VersionedRecord & { readonly key: string }> {
    for (const [key, record] of this.#medium) if (key.startsWith(prefix)) yield { key, ...record };
  }

  async close(): Promise<void> {}
}

import type { VersionedRecord, VersionedStore } from '@lockscope/storage';

/** What Lockscope needs of the service: conditional writes and a clock. `liftVersioned` makes a lock storage of it. */
export class KeyValueStore implements VersionedStore {
  readonly name = 'kv';
  readonly capabilities = { reach: 'network', durable: false } as const;
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  createWithVersion(key: string, version: number, text: string): Promise<boolean> {
    return this.#put(key, 0, version, text);
  }

  updateWithVersion(key: string, expectedVersion: number, newVersion: number, text: string): Promise<boolean> {
    return this.#put(key, expectedVersion, newVersion, text);
  }

  async get(key: string): Promise<VersionedRecord | undefined> {
    const response = await fetch(this.#to('record', { key }));
    if (response.status === 404) return undefined;
    return { version: Number(response.headers.get('etag')), text: await response.text() };
  }

  /** The service's clock: all who share it go by it. */
  async getTime(): Promise<number> {
    const response = await fetch(this.#to('record', {}));
    return Number(response.headers.get('x-time'));
  }

  async *list(prefix: string): AsyncGenerator<VersionedRecord & { readonly key: string }> {
    const response = await fetch(this.#to('records', { prefix }));
    yield* (await response.json()) as (VersionedRecord & { key: string })[];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #put(key: string, expectedVersion: number, version: number, text: string): Promise<boolean> {
    const headers = { 'if-match': String(expectedVersion), 'x-version': String(version) };
    const { status } = await fetch(this.#to('record', { key }), { method: 'PUT', headers, body: text });
    // A conflict is an answer, not an error: somebody else wrote first.
    if (status !== 204 && status !== 412) throw new Error(`the service answered ${status}`);
    return status === 204;
  }

  #to(path: string, query: Record<string, string>): string {
    return `${this.#url}/${path}?${new URLSearchParams(query).toString()}`;
  }
}

const special = /[^-_/.:a-zA-Z0-9]/g;
const escaped = /=([0-9a-f]{4})/g;

/** Ends a lock's key within another key: no escape looks like it. */
const end = '=/';

/** The names of everything that the storage keeps under its prefix. */
export class Keys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** From where tokens count. */
  get base(): Buffer {
    return Buffer.from(`${this.#prefix}base`);
  }

  /** All records, as a range. */
  get records(): { readonly key: Buffer; readonly range_end: Buffer } {
    return rangeOf(`${this.#prefix}lock/`);
  }

  record(key: string): Buffer {
    return Buffer.from(`${this.#prefix}lock/${escape(key)}`);
  }

  /** The key of a record; undefined for what is not one. */
  keyOf(record: Buffer): string | undefined {
    const name = record.toString('utf8').slice(`${this.#prefix}lock/`.length);
    const key = name.replace(escaped, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
    return escape(key) === name ? key : undefined;
  }

  /** Is there while one who has the lock, or waits for it, is alive: it hangs on a lease of etcd. */
  alive(key: string, leaseId: string): Buffer {
    return Buffer.from(`${this.#prefix}alive/${escape(key)}${end}${leaseId}`);
  }

  allAlive(key: string): { readonly key: Buffer; readonly range_end: Buffer } {
    return rangeOf(`${this.#prefix}alive/${escape(key)}${end}`);
  }

  /** The lease that an {@link alive} key is for. */
  leaseIdOf(key: string, alive: Buffer): string {
    return alive.toString('utf8').slice(`${this.#prefix}alive/${escape(key)}${end}`.length);
  }

  /** What one instance is told of one lease. */
  news(instance: string, key: string, leaseId: string): Buffer {
    return Buffer.from(`${this.#prefix}news/${instance}/${escape(key)}${end}${leaseId}`);
  }

  allNews(instance: string): string {
    return `${this.#prefix}news/${instance}/`;
  }
}

function escape(key: string): string {
  return key.replace(special, (unit) => `=${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Everything that starts with `start`, which is ASCII. */
function rangeOf(start: string): { readonly key: Buffer; readonly range_end: Buffer } {
  const after = start.slice(0, -1) + String.fromCharCode(start.charCodeAt(start.length - 1) + 1);
  return { key: Buffer.from(start), range_end: Buffer.from(after) };
}

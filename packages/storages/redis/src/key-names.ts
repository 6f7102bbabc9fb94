import { fromStoredText, toStoredText } from './stored-text.ts';

/** How many groups the locks of one prefix are in. Each has one counter of tokens, and one slot of a cluster. */
export const bucketCount = 256;

/**
 * The names of the Redis keys of one storage. A lock is `<prefix>:{<bucket>}:l:<key>`; what it has beside that differs
 * in one letter, and scripts make those names themselves. The braces put a lock, all that belongs to it and the counter
 * of its tokens into one slot of a cluster.
 */
export class KeyNames {
  readonly #locks: readonly string[];
  readonly #counters: readonly string[];
  /** What the client puts before each name. */
  readonly #clientPrefix: string;
  readonly #fullPrefix: string;
  /** What the names of all channels begin with. */
  readonly channels: string;

  constructor(prefix: string, clientPrefix = '') {
    const roots = Array.from({ length: bucketCount }, (_, bucket) => `${prefix}:{${bucket}}:`);
    this.#locks = roots.map((root) => `${root}l:`);
    this.#counters = roots.map((root) => `${root}token`);
    this.#clientPrefix = clientPrefix;
    this.#fullPrefix = clientPrefix + prefix;
    this.channels = `${this.#fullPrefix}:news:`;
  }

  lock(key: string): string {
    return (this.#locks[bucketOf(key)] as string) + toStoredText(key);
  }

  /** As the server knows it. */
  fullLock(key: string): string {
    return this.#clientPrefix + this.lock(key);
  }

  counter(key: string): string {
    return this.#counters[bucketOf(key)] as string;
  }

  /** Where a process is told its news. Scripts make the same name. */
  channel(instance: string): string {
    return this.channels + instance;
  }

  /** What `SCAN` is to look for: locks whose keys start with this. */
  pattern(prefix: string): string {
    // Half a surrogate pair at the end of the prefix may be completed in the keys, which stores it otherwise.
    const start = toStoredText(prefix.replace(/[\ud800-\udbff]$/, ''));
    return `${quoteGlob(this.#fullPrefix)}:{*}:l:${quoteGlob(start)}*`;
  }

  /** The lock key in the full name of a Redis key; undefined when that is no lock of this storage. */
  keyOf(fullName: string): string | undefined {
    if (!fullName.startsWith(`${this.#fullPrefix}:{`)) return undefined;
    const at = fullName.indexOf('}:l:', this.#fullPrefix.length);
    if (at === -1) return undefined;
    const key = fromStoredText(fullName.slice(at + 4));
    return fullName === this.fullLock(key) ? key : undefined;
  }
}

/** FNV-1a over the code units. Every process has to come to the same bucket. */
export function bucketOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 16)) & (bucketCount - 1);
}

function quoteGlob(text: string): string {
  return text.replace(/[\\*?[\]^-]/g, '\\$&');
}

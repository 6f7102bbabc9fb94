import { InvalidOptionsError } from './errors.ts';
import type { HeldLock } from './held-lock.ts';
import type { Locks } from './locks.ts';
import type { AcquireOptions } from './locks-options.ts';
import type { StorageLock } from './storage-lock.ts';

/** Options of a class of locks. What is absent comes from `createLocks`. */
export interface DefinitionOptions extends Omit<AcquireOptions, 'signal' | 'owner'> {
  /** How long a possession should take at most, in milliseconds: metrics carry it, alerts compare with it. */
  readonly expectedHoldMs?: number;
}

/** The parameters that a pattern names: `orders/{id}` needs `{ id }`. */
export type LockParams<Pattern extends string> = Pattern extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [K in Name]: string | number | bigint } & LockParams<Rest>
  : unknown;

const placeholder = /\{([A-Za-z_]\w*)\}/g;

/** A class of locks with one key for each set of parameters. */
export class LockDefinition<const Pattern extends string> {
  /** The pattern itself: the few-valued name that metrics carry. */
  readonly name: Pattern;
  readonly expectedHoldMs: number | undefined;
  /** @internal Which keys belong to it. */
  readonly matches: RegExp;
  readonly #locks: Locks;
  readonly #options: AcquireOptions;

  /** @internal */
  constructor(locks: Locks, pattern: Pattern, { expectedHoldMs, ...options }: DefinitionOptions) {
    if (typeof pattern !== 'string' || pattern === '') {
      throw new InvalidOptionsError([
        `a lock pattern must be a text such as orders/{id}, got ${JSON.stringify(pattern)}`,
      ]);
    }
    if (expectedHoldMs !== undefined && !(Number.isFinite(expectedHoldMs) && expectedHoldMs > 0)) {
      throw new InvalidOptionsError([`expectedHoldMs must be a number above 0, got ${String(expectedHoldMs)}`]);
    }
    const literals = pattern.split(placeholder).map((text, index) => (index % 2 === 1 ? '.+' : escapeRegExp(text)));
    if (literals.some((text) => /\\[{}]/.test(text)))
      throw new InvalidOptionsError([`${JSON.stringify(pattern)} has a brace that is no {name}`]);
    this.name = pattern;
    this.expectedHoldMs = expectedHoldMs;
    this.matches = new RegExp(`^${literals.join('')}$`, 's');
    this.#locks = locks;
    this.#options = options;
  }

  /** The key for these parameters. @throws {InvalidOptionsError} when one is missing or empty. */
  key(params: LockParams<Pattern>): string {
    const given = (params ?? {}) as Readonly<Record<string, unknown>>;
    return this.name.replace(placeholder, (_whole, name: string) => {
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      const text =
        typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';
      if (text === '' || Number.isNaN(value))
        throw new InvalidOptionsError([`${this.name} needs a text or number for ${name}, got ${String(value)}`]);
      return text;
    });
  }

  /** The lock of one key of this class. */
  lock(params: LockParams<Pattern>, options?: AcquireOptions): StorageLock {
    return this.#locks.lock(this.key(params), { ...this.#options, ...options });
  }

  /** As {@link Locks.acquire}. */
  acquire(params: LockParams<Pattern>, options?: AcquireOptions): Promise<HeldLock> {
    return this.#of(params, options, (key, all) => this.#locks.acquire(key, all));
  }

  /** As {@link Locks.tryAcquire}. */
  tryAcquire(params: LockParams<Pattern>, options?: Omit<AcquireOptions, 'waitMs'>): Promise<HeldLock | undefined> {
    return this.#of(params, options, (key, all) => this.#locks.tryAcquire(key, all));
  }

  /** As {@link Locks.run}. */
  run<R>(
    params: LockParams<Pattern>,
    routine: (lock: HeldLock) => R | Promise<R>,
    options?: AcquireOptions,
  ): Promise<R> {
    return this.#of(params, options, (key, all) => this.#locks.run(key, routine, all));
  }

  /** No async function in between: what a caller awaits is the acquire's own promise. */
  #of<R>(
    params: LockParams<Pattern>,
    options: AcquireOptions | undefined,
    use: (key: string, options: AcquireOptions) => Promise<R>,
  ): Promise<R> {
    try {
      return use(this.key(params), { ...this.#options, ...options });
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

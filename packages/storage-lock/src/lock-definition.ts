import { InvalidOptionsError } from '@lockscope/core';
import type { HeldLock } from './held-lock.ts';
import { placeholder } from './key-pattern.ts';
import type { Locks } from './locks.ts';
import type { AcquireOptions } from './acquire-options.ts';
import { show } from './option-checks.ts';
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

/** A class of locks with one key for each set of parameters. */
export class LockDefinition<const Pattern extends string> {
  /** The pattern itself: the few-valued name that metrics carry. */
  readonly name: Pattern;
  readonly expectedHoldMs: number | undefined;
  readonly #locks: Locks;
  readonly #options: AcquireOptions;

  /** @internal */
  constructor(locks: Locks, pattern: Pattern, options: AcquireOptions, expectedHoldMs: number | undefined) {
    this.name = pattern;
    this.expectedHoldMs = expectedHoldMs;
    this.#locks = locks;
    this.#options = options;
  }

  /** The key for these parameters. @throws {InvalidOptionsError} when one is missing or empty. */
  key(params: LockParams<Pattern>): string {
    const given = (params ?? {}) as Readonly<Record<string, unknown>>;
    return this.name.replace(placeholder, (_whole, name: string) => {
      const value = Object.hasOwn(given, name) ? given[name] : undefined;
      const fits = typeof value === 'string' || typeof value === 'bigint' || Number.isFinite(value);
      const text = fits ? String(value) : '';
      if (text === '')
        throw new InvalidOptionsError([`${this.name} needs a text or number for ${name}, got ${show(value)}`]);
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

/** @internal What is wrong with a pattern, and with what only a class of locks has. */
export function problemsOf(pattern: unknown, expectedHoldMs: unknown): string[] {
  const problems: string[] = [];
  const literals = typeof pattern === 'string' ? pattern.split(placeholder).filter((_text, at) => at % 2 === 0) : [];
  if (literals.some((text) => /[{}]/.test(text)))
    problems.push(`${JSON.stringify(pattern)} has a brace that is no {name}`);
  const isDuration = typeof expectedHoldMs === 'number' && Number.isFinite(expectedHoldMs) && expectedHoldMs > 0;
  if (expectedHoldMs !== undefined && !isDuration)
    problems.push(`expectedHoldMs must be a number above 0, got ${show(expectedHoldMs)}`);
  return problems;
}

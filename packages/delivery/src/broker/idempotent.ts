import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

/** Ids of what was handled. */
export interface SeenStore {
  has(id: string): boolean | Promise<boolean>;
  /** Called when it was handled. */
  add(id: string): unknown;
}

/**
 * A handler that does its work once for each id, however often the message comes: at the same time, or again later. A
 * message that failed was not handled. Between the work and the note that it is done a process can die; work that must
 * not be done twice even then writes the id in its own transaction.
 */
export function idempotent<M extends { readonly id: string }, Rest extends readonly unknown[]>(
  handler: (message: M, ...rest: Rest) => unknown,
  seen: SeenStore,
): (message: M, ...rest: Rest) => Promise<void> {
  const underWay = new Map<string, Promise<void>>();
  const once = async (message: M, rest: Rest): Promise<void> => {
    if (await seen.has(message.id)) return;
    await handler(message, ...rest);
    await seen.add(message.id);
  };
  return (message, ...rest) => {
    const known = underWay.get(message.id);
    if (known !== undefined) return known;
    const work = once(message, rest).finally(() => underWay.delete(message.id));
    underWay.set(message.id, work);
    return work;
  };
}

const known = new Set(['capacity']);

/**
 * Ids in memory, the oldest forgotten when there are too many.
 *
 * @throws {InvalidOptionsError} when the options are wrong: `capacity` is a whole number of at least 1. Default 100,000.
 */
export function memorySeen(options: { readonly capacity?: number } = {}): SeenStore {
  const { capacity = 100_000 } = options;
  const problems = unknownOptions(options, known);
  if (!(Number.isSafeInteger(capacity) && capacity >= 1))
    problems.push(`capacity must be a whole number of at least 1, got ${String(capacity)}`);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  const ids = new Set<string>();
  return {
    has: (id) => ids.has(id),
    add: (id) => {
      ids.add(id);
      const [oldest] = ids;
      if (ids.size > capacity && oldest !== undefined) ids.delete(oldest);
    },
  };
}

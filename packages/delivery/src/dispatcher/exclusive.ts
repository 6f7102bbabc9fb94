import type { TopicHandler } from './dispatcher.ts';
import type { AbortableContext } from './attempt.ts';

/** The one verb of locks that a dispatcher needs; `createLocks()` of `@lockscope/storage-lock` has it. */
export interface ExclusiveLocks {
  run<R>(
    key: string,
    routine: (lock: { readonly signal: AbortSignal }) => Promise<R>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<R>;
}

/** One event at a time for each key. */
export interface Exclusive<E> {
  /** Two events with the same key are never handled at once. */
  readonly key: (event: E) => string;
  /** What keeps them apart. Its waiting time counts into the handler's time limit. */
  readonly locks: ExclusiveLocks;
}

/**
 * Thrown in place of an attempt that did not begin: somebody else has the lock. It is no failure, so the event is
 * offered again without being counted.
 */
export class Postponed extends Error {
  constructor(cause: unknown) {
    super('somebody else has the lock', { cause });
    this.name = 'Postponed';
  }
}

/** How long an event whose lock was busy is left alone, in milliseconds. The lock itself has waited before. */
export const postponedForMs = 50;

/** The handler, run only while it has the lock of its event's key. */
export function exclusively<E>(handler: TopicHandler<E>, { key, locks }: Exclusive<E>): TopicHandler<E> {
  return async (event, context) => {
    let begun = false;
    const routine = async ({ signal }: { readonly signal: AbortSignal }): Promise<void> => {
      begun = true;
      const lost = (): void => (context as AbortableContext).abort(signal.reason);
      if (signal.aborted) lost();
      else signal.addEventListener('abort', lost, { once: true });
      try {
        await handler(event, context);
      } finally {
        signal.removeEventListener('abort', lost);
      }
    };
    try {
      await locks.run(key(event), routine, { signal: context.signal });
    } catch (error) {
      if (!begun && (error as { readonly code?: unknown } | undefined)?.code === 'LOCK_TIMEOUT')
        throw new Postponed(error);
      throw error;
    }
  };
}

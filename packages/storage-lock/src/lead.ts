import type { Clock } from '@lockscope/storage';
import { LockAbortedError, LockLostError, LockReleaseError, LockStorageError, type LockError } from './errors.ts';
import type { AcquireOptions } from './acquire-options.ts';

/** Options of `lead`. */
export interface LeadOptions extends Omit<AcquireOptions, 'waitMs' | 'mode' | 'limit'> {
  /** The pause before it stands for election again after the storage failed, in milliseconds, spread by a quarter. Default 1,000. */
  readonly retryMs?: number;
}

/** @internal Why a term ended that is no reason to give up. */
export function endsOnlyTheTerm(error: unknown): boolean {
  if (error instanceof LockReleaseError) return error.suppressed === undefined;
  return error instanceof LockLostError || error instanceof LockStorageError;
}

/** @internal Runs `term` again and again, until it ends for a reason of its own. */
export async function leadAgain<R>(
  key: string,
  term: () => Promise<R>,
  {
    clock,
    retryMs,
    signal,
  }: { readonly clock: Clock; readonly retryMs: number; readonly signal: AbortSignal | undefined },
): Promise<R> {
  for (;;) {
    try {
      return await term();
    } catch (error) {
      if (!endsOnlyTheTerm(error) || isFinal(error)) throw error;
      if (signal?.aborted === true) throw new LockAbortedError(key, signal.reason);
      // A lost lock can be asked for at once: whoever has it is in the way, not the storage.
      if (!(error instanceof LockLostError)) await pause(clock, retryMs * (0.75 + Math.random() / 2), signal);
    }
  }
}

/** The storage was closed or its record is not Lockscope's: it will not be better next time. */
function isFinal(error: unknown): boolean {
  const { cause } = error as LockError;
  const code: unknown = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return code === 'STORAGE_CLOSED' || code === 'FOREIGN_RECORD';
}

/** Ends early when the signal fires. */
function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}

import type { Listener } from '@lockscope/core';

/** The listener that {@link log} makes. */
export interface LogListener extends Listener {
  /** Lines that never got out: the stream was full, closed or failing. */
  readonly dropped: number;
  /** Lines that the rate limit left out. */
  readonly suppressed: number;
  /**
   * Resolves when the stream has taken all lines, or no longer will, or after `timeoutMs` (default 5000). Says how many
   * lines still wait. Does not close the stream.
   */
  flush(options?: { readonly timeoutMs?: number }): Promise<{ readonly undelivered: number }>;
}

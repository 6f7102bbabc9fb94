/** The longest pause between two attempts to connect again. */
const longestPauseMs = 500;

/** How long to wait before connecting again, by the number of attempts that failed. */
export function reconnectPause(attempts: number): number {
  return Math.min(10 * 2 ** Math.min(attempts, 10), longestPauseMs);
}

interface Emitter {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  getMaxListeners?(): number;
  setMaxListeners?(count: number): unknown;
}

/** Resolves when the client can send. Rejects after `timeoutMs`, with the last reason that it gave why it could not. */
export function untilReady(client: Emitter, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let cause: unknown;
    const fail = (error: unknown): void => {
      cause = error;
    };
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      client.off('ready', ready);
      client.off('error', fail);
      act();
    };
    const ready = (): void => settle(resolve);
    const timer = setTimeout(
      () => settle(() => reject(new Error(`there was no connection for ${timeoutMs} ms`, { cause }))),
      timeoutMs,
    );
    // Every operation that meets an outage waits here; that many is no leak.
    if (client.getMaxListeners?.() !== 0) client.setMaxListeners?.(0);
    client.on('ready', ready);
    client.on('error', fail);
  });
}

interface Emitter {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
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
    client.on('ready', ready);
    client.on('error', fail);
  });
}

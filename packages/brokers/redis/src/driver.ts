/** A part of a command. */
export type Argument = string | Buffer;

/** A connection, whichever client it is of. Texts in answers are Buffers. What a call rejects with is the client's own error. */
export interface Connection {
  /** Fails when it cannot be sent within `timeoutMs`, and when it is not answered within `timeoutMs` after that. */
  command(parts: readonly Argument[], timeoutMs: number): Promise<unknown>;
  /** Ends it, when it was made here. */
  close(): void;
}

/** What the broker needs of a client. */
export interface RedisDriver extends Connection {
  /** A connection of its own, for a command that blocks. */
  another(): Connection;
}

/** How long to wait before connecting again, by the number of attempts that failed: at most half a second. */
export function reconnectPause(attempts: number): number {
  return Math.min(10 * 2 ** Math.min(attempts, 10), 500);
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
    const fail = (error: unknown): void => void (cause = error);
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

/** What `answer` comes to, or a rejection when it does not come in time. */
export async function inTime<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`there was no answer for ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

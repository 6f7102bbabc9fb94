import type { Script } from './scripts/script.ts';

/** What the storage needs of a client, whichever it is. What a call rejects with is the client's own error. */
export interface RedisDriver {
  /** `ioredis` or `redis`. */
  readonly client: string;
  readonly cluster: boolean;
  /** What the client puts before the names of keys, but not before channels and patterns. */
  readonly keyPrefix: string;
  /** Runs a script as one command: by its sha, or `whole` when the server does not know it. */
  run(script: Script, whole: boolean, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** One command without a key, to each server that has keys; answers in any order. */
  ask(...command: readonly [string, ...string[]]): Promise<readonly unknown[]>;
  /** The names of keys that match, in pages, some perhaps twice. */
  scan(pattern: string): AsyncIterable<readonly string[]>;
  /** Opens a connection of its own and listens. What becomes of it the listener is told, never from inside the call. */
  subscribe(channel: string, listener: ChannelListener): Subscription;
  /** Settings of the client that somebody should know of, by the names that it has for them. */
  readonly settings: ClientSettings;
  /** Ends the client, when it is the storage's own. */
  close(): Promise<void>;
}

/** Who hears of a channel. */
export interface ChannelListener {
  message(text: string): void;
  /** From now on nothing is missed. Also after each new connection. */
  live(): void;
  /** What is said may be missed. */
  lost(): void;
}

/** A connection that listens. */
export interface Subscription {
  /**
   * True where commands that are sent from now on go the same way behind the subscription, so that nothing that they lead to
   * is missed.
   */
  readonly isAhead: boolean;
  close(): Promise<void>;
}

/** How long the client may hold a command back; undefined where it sets no bound, or does not say. */
export interface ClientSettings {
  /** After so many milliseconds a command fails. */
  readonly commandTimeoutMs: number | undefined;
  /** Commands wait for a connection without end, and are sent when there is one. */
  readonly waitsForConnection: boolean;
}

/** True for the answer of a server that has not seen a script, or has lost it. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

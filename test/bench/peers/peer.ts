/** What differs between the locks that are compared: one kind of lock, as its README tells to use it. */
export interface Peer {
  /** With its version, as tables print it. */
  readonly name: string;
  /** The server that it needs. */
  readonly server: ServerKind;
  /**
   * What somebody who takes part has of his own: connections, and what the library makes over them. `url` says where
   * the server is, or the folder where there is none.
   */
  open(url: string): Promise<Party<unknown>>;
}

export type ServerKind = 'redis' | 'postgres' | 'none';

/** One that acquires and releases; several may share it. */
export interface Party<Held> {
  /** Gives what `release` wants; rejects when it gave up. `waitMs`: how long it may wait, for locks that let one say so. */
  acquire(key: string, waitMs?: number): Promise<Held>;
  release(held: Held): Promise<unknown>;
  close(): Promise<unknown>;
}

/** The lease, wherever there is one: the same for all. */
export const leaseMs = 30_000;
/** Where a lock asks for how long to wait, and the case does not say. */
export const patience = 60_000;

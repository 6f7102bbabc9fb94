import type { CheckedNatsOptions, NatsConnection } from './nats-options.ts';

/** Why a call that waits for an answer is given up. */
export class LinkDownError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'LinkDownError';
  }
}

/** A connection, and whether it is up. */
export class Link {
  readonly connection: NatsConnection;
  readonly #own: boolean;
  readonly #onReturn: () => void;
  #isUp = true;
  /** Rejects the calls that are under way when the connection breaks. */
  #down = newDeferred();

  private constructor(connection: NatsConnection, own: boolean, onReturn: () => void) {
    this.connection = connection;
    this.#own = own;
    this.#onReturn = onReturn;
    void this.#follow();
  }

  /** Takes the connection of the options, or makes one. */
  static async open({ connection, connect }: CheckedNatsOptions, onReturn: () => void): Promise<Link> {
    if (connection !== undefined) return new Link(connection, false, onReturn);
    const nats = await import('@nats-io/transport-node');
    const own = await nats.connect({
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      reconnectJitter: 100,
      noAsyncTraces: true,
      ...connect,
    });
    return new Link(own, true, onReturn);
  }

  get isUp(): boolean {
    return this.#isUp && !this.isClosed;
  }

  get isClosed(): boolean {
    return this.connection.isClosed();
  }

  /**
   * Runs a call while the connection is up. Nothing is sent while it is down: an attempt that leaves long after its
   * caller gave up would take a lock for nobody.
   */
  call<T>(work: () => Promise<T>): Promise<T> {
    if (!this.isUp) return Promise.reject(new LinkDownError('the connection is down'));
    return Promise.race([work(), this.#down.promise]);
  }

  async close(): Promise<void> {
    if (this.#own && !this.isClosed) await this.connection.close();
  }

  async #follow(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === 'disconnect' || type === 'close') this.#break();
      else if (type === 'reconnect') {
        this.#isUp = true;
        this.#onReturn();
      }
    }
    this.#break();
  }

  #break(): void {
    this.#isUp = false;
    const { reject } = this.#down;
    this.#down = newDeferred();
    reject(new LinkDownError('the connection broke'));
  }
}

interface Deferred {
  readonly promise: Promise<never>;
  readonly reject: (error: Error) => void;
}

function newDeferred(): Deferred {
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<never>((_, no) => (reject = no));
  promise.catch(() => undefined);
  return { promise, reject };
}

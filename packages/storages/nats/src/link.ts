import type { NatsConnection } from '@nats-io/transport-node';
import type { CheckedNatsOptions } from './nats-options.ts';

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
  /** Gives up the calls that are under way. */
  readonly #underWay = new Set<(error: Error) => void>();

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
    return new Promise<T>((resolve, reject) => {
      this.#underWay.add(reject);
      void this.#run(work, resolve, reject).finally(() => this.#underWay.delete(reject));
    });
  }

  async #run<T>(work: () => Promise<T>, resolve: (value: T) => void, reject: (error: unknown) => void): Promise<void> {
    try {
      resolve(await work());
    } catch (error) {
      reject(error);
    }
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
    for (const giveUp of this.#underWay) giveUp(new LinkDownError('the connection broke'));
    this.#underWay.clear();
  }
}

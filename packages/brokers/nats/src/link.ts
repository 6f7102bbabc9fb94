import type { NatsConnection } from '@nats-io/transport-node';
import type { CheckedOptions } from './nats-broker-options.ts';

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
  readonly #onBreak: () => void;
  #isUp = true;
  /** Gives up the calls that are under way. */
  readonly #underWay = new Set<(error: Error) => void>();

  private constructor(connection: NatsConnection, own: boolean, onBreak: () => void) {
    this.connection = connection;
    this.#own = own;
    this.#onBreak = onBreak;
    void this.#follow();
  }

  /** Takes the connection of the options, or makes one. `onBreak` is told each time that it is lost. */
  static async open({ connection, connect }: CheckedOptions, onBreak: () => void): Promise<Link> {
    if (connection !== undefined) return new Link(connection, false, onBreak);
    const nats = await import('@nats-io/transport-node');
    const own = await nats.connect({
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      reconnectJitter: 100,
      noAsyncTraces: true,
      ...connect,
    });
    return new Link(own, true, onBreak);
  }

  get isUp(): boolean {
    return this.#isUp && !this.isClosed;
  }

  get isClosed(): boolean {
    return this.connection.isClosed();
  }

  /** Runs a call while the connection is up: nothing is sent later than its caller waits for it. */
  call<T>(work: () => Promise<T>): Promise<T> {
    if (!this.isUp) return Promise.reject(new LinkDownError('the connection is down'));
    return new Promise<T>((resolve, reject) => {
      this.#underWay.add(reject);
      void this.#run(work, resolve, reject);
    });
  }

  /** Waits until the server has what was sent, for a second at most. */
  async settle(): Promise<void> {
    if (!this.isUp) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, 1000)));
    await Promise.race([this.call(() => this.connection.flush()).catch(() => undefined), late]);
    clearTimeout(timer);
  }

  async close(): Promise<void> {
    if (this.#own && !this.isClosed) await this.connection.close();
  }

  async #run<T>(work: () => Promise<T>, resolve: (value: T) => void, reject: (error: unknown) => void): Promise<void> {
    try {
      resolve(await work());
    } catch (error) {
      reject(error);
    } finally {
      this.#underWay.delete(reject);
    }
  }

  async #follow(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === 'disconnect' || type === 'close') this.#break();
      else if (type === 'reconnect') this.#isUp = true;
    }
    this.#break();
  }

  #break(): void {
    this.#isUp = false;
    for (const giveUp of this.#underWay) giveUp(new LinkDownError('the connection broke'));
    this.#underWay.clear();
    this.#onBreak();
  }
}

import { randomBytes } from 'node:crypto';
import type { Client, ClientConfig } from 'pg';
import { newClient, type Database } from './database.ts';
import { describeFailure } from './failure.ts';

/** Where the server tells this process: the channel, and the id of the lock that says that it is alive. */
export interface Address {
  readonly channel: string;
  readonly id: string;
}

/** What the listener is made of. */
export interface ListenerOptions {
  readonly config: ClientConfig;
  readonly database: Database;
  /** The channel of what concerns everybody. */
  readonly common: () => Promise<string>;
  /** Called with each payload. */
  readonly hear: (payload: string) => void;
  /** Called when it can hear again after it could not. */
  readonly again: () => void;
}

/** A listener that nobody needs stays so long, because the next wait may come soon. */
const lingerMs = 10_000;
const firstRetryMs = 100;
const longestRetryMs = 10_000;
/** A pooler does not go away. */
const deafRetryMs = 120_000;
const testMs = 2000;

/**
 * The one connection that listens, while somebody is to be told. It finds a new connection by itself. It counts as
 * able to hear only when it has heard a message that went another way: through a pooler that gives connections away
 * it never does.
 */
export class Listener {
  readonly #options: ListenerOptions;
  #wanted = false;
  #client: Client | undefined;
  #address: Address | undefined;
  #connecting: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = firstRetryMs;
  #linger: NodeJS.Timeout | undefined;
  #missed = false;
  #problem: string | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Where it can be told now; undefined while it cannot. */
  get address(): Address | undefined {
    return this.#address;
  }

  /** Why it cannot hear, after it has tried. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** From now on it is needed. */
  want(): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    this.#wanted = true;
    if (this.#client === undefined && this.#retry === undefined) void this.#connect();
    else (this.#client as { ref?(): void } | undefined)?.ref?.();
  }

  /** It is not needed any more; it ends when that stays so for a while. */
  rest(): void {
    if (this.#linger !== undefined) return;
    this.#linger = setTimeout(() => void this.end(), lingerMs);
    this.#linger.unref();
    (this.#client as { unref?(): void } | undefined)?.unref?.();
  }

  /** Where it can be told, when it is able to hear within so many milliseconds. After it has failed nobody waits for it. */
  async ready(withinMs: number): Promise<Address | undefined> {
    const isHopeful = this.#connecting !== undefined && this.#problem === undefined;
    if (this.#address !== undefined || !isHopeful) return this.#address;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)));
    await Promise.race([this.#connecting, late]);
    clearTimeout(timer);
    return this.#address;
  }

  async end(): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#linger);
    clearTimeout(this.#retry);
    this.#linger = undefined;
    this.#retry = undefined;
    const client = this.#client;
    this.#forget();
    await client?.end().catch(ignore);
  }

  #connect(): Promise<void> {
    this.#connecting ??= this.#open().finally(() => (this.#connecting = undefined));
    return this.#connecting;
  }

  async #open(): Promise<void> {
    const client = newClient({ keepAlive: true, ...this.#options.config });
    this.#client = client;
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    try {
      const common = await this.#options.common();
      await client.connect();
      const address = await this.#listen(client, common);
      if (this.#client !== client) return;
      this.#address = address;
      this.#problem = undefined;
      this.#retryMs = firstRetryMs;
      if (this.#missed) this.#options.again();
      this.#missed = false;
    } catch (error) {
      this.#problem = error instanceof DeafError ? error.message : describeFailure(error);
      if (error instanceof DeafError) this.#retryMs = deafRetryMs;
      this.#lost(client);
    }
  }

  async #listen(client: Client, common: string): Promise<Address> {
    const secret = randomBytes(16);
    const address = { channel: `lockscope_${secret.toString('hex')}`, id: secret.readBigInt64BE().toString() };
    const heard = new Promise<void>((resolve) => {
      client.on('notification', ({ channel, payload = '' }) => {
        if (channel === address.channel && payload === hello) resolve();
        else this.#options.hear(payload);
      });
    });
    await client.query(keepAlive);
    await client.query(`LISTEN "${address.channel}"; LISTEN "${common}"`);
    await this.#options.database.query('SELECT pg_notify($1, $2)', [address.channel, hello]);
    if (!(await within(heard, testMs))) {
      await client.query('UNLISTEN *');
      throw new DeafError();
    }
    // While this connection lives, nobody else gets this lock: that is how the server knows.
    await client.query('SELECT pg_advisory_lock($1)', [address.id]);
    return address;
  }

  #lost(client: Client): void {
    if (this.#client !== client) return;
    this.#forget();
    this.#missed = true;
    void client.end().catch(ignore);
    if (!this.#wanted) return;
    this.#retry = setTimeout(
      () => {
        this.#retry = undefined;
        if (this.#wanted) void this.#connect();
      },
      this.#retryMs * (0.5 + Math.random() / 2),
    );
    this.#retryMs = Math.min(2 * this.#retryMs, Math.max(longestRetryMs, this.#retryMs));
  }

  #forget(): void {
    this.#client = undefined;
    this.#address = undefined;
  }
}

const hello = 'hello';

/**
 * Lets the server notice within half a minute that a process went away without a word, where its system can do that:
 * where it cannot, those who died in this way cost the others their claim for longer.
 */
const keepAlive = `DO $$
DECLARE
  v_setting text[];
BEGIN
  FOREACH v_setting SLICE 1 IN ARRAY ARRAY[['tcp_keepalives_idle', '15'], ['tcp_keepalives_interval', '5'],
    ['tcp_keepalives_count', '3'], ['tcp_user_timeout', '30000']] LOOP
    BEGIN
      PERFORM set_config(v_setting[1], v_setting[2], false);
    EXCEPTION WHEN OTHERS THEN
      NULL;
    END;
  END LOOP;
END $$`;

class DeafError extends Error {
  constructor() {
    super(
      'the connection that listens hears nothing: a pooler that gives connections away after each transaction is in between. Give `listen` a connection that goes to the server itself, or set `notifications` to false',
    );
  }
}

async function within(promise: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function ignore(): void {}

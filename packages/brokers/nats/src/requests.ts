import { headers as natsHeaders, type Msg, type Subscription as NatsSubscription } from '@nats-io/transport-node';
import {
  BrokerTimeoutError,
  BrokerUnavailableError,
  messageOf,
  NoResponderError,
  readHeaders,
  replyOf,
  ResponderError,
  type Reply,
  type BrokerRequestOptions,
  type Responder,
} from '@lockscope/delivery';
import { isNobodyThere, isTimeout } from './failure.ts';
import type { Session } from './session.ts';

const failed = 'Lockscope-Failed';
const limit = 'Lockscope-Limit-Ms';
const queue = 'lockscope';
const longestLimitMs = 2 ** 31 - 1;

/** Not below the stream's subjects: the stream would answer. */
function requestSubject({ options }: Session, subject: string): string {
  return `${options.prefix}-requests.${subject}`;
}

export async function ask(
  session: Session,
  subject: string,
  body: Uint8Array,
  { timeoutMs = 5000, headers = {}, signal }: BrokerRequestOptions,
): Promise<Reply> {
  const sent = natsHeaders();
  for (const [name, value] of Object.entries(headers)) sent.set(name, value);
  sent.set(limit, String(timeoutMs));
  let reply: Msg;
  try {
    const link = await session.connected();
    reply = await abortable(
      link.call(() =>
        link.connection.request(requestSubject(session, subject), body, { timeout: timeoutMs, headers: sent }),
      ),
      signal,
    );
  } catch (cause) {
    if (signal?.aborted === true) throw signal.reason;
    if (isNobodyThere(cause)) throw new NoResponderError(subject, { cause });
    if (isTimeout(cause)) throw new BrokerTimeoutError(subject, timeoutMs, { cause });
    throw session.failure('request', cause);
  }
  const problem = reply.headers?.get(failed);
  if (problem !== undefined && problem !== '') throw new ResponderError(subject, problem);
  return { body: reply.data, headers: headersOf(reply) };
}

/** Answers requests, also after the connection was lost and found. */
export class RequestServer {
  readonly ready: Promise<void>;
  readonly #session: Session;
  readonly #subject: string;
  readonly #handler: Responder;
  readonly #concurrency: number;
  readonly #fault: (error: unknown) => void;
  readonly #waiting: Msg[] = [];
  #running = 0;
  #closed = false;
  #subscription: NatsSubscription | undefined;

  constructor(
    session: Session,
    subject: string,
    { handler, concurrency, fault }: { handler: Responder; concurrency: number; fault: (error: unknown) => void },
  ) {
    this.#session = session;
    this.#subject = subject;
    this.#handler = handler;
    this.#concurrency = concurrency;
    this.#fault = fault;
    this.ready = this.#open();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#subscription?.unsubscribe();
    await this.#session.link?.settle();
  }

  async #open(): Promise<void> {
    for (let failures = 0; !this.#closed; failures += 1) {
      try {
        const link = await this.#session.connected();
        this.#subscription = link.connection.subscribe(requestSubject(this.#session, this.#subject), {
          queue,
          callback: (error, message) => {
            if (error === null) this.#take(message);
            else this.#fault(error);
          },
        });
        await link.call(() => link.connection.flush());
        return;
      } catch (error) {
        this.#subscription?.unsubscribe();
        this.#fault(this.#session.failure('respond', error));
        await new Promise((resolve) => setTimeout(resolve, Math.min(50 * 2 ** failures, 1000)).unref());
      }
    }
    throw new BrokerUnavailableError('nats', 'respond', 'it was closed before it had begun');
  }

  #take(message: Msg): void {
    // More than that nobody waits for in earnest; who asked learns it at once.
    if (this.#waiting.length >= 10_000)
      this.#answer(() => respond(message, new Uint8Array(), 'too many requests wait'));
    else this.#waiting.push(message);
    this.#start();
  }

  #start(): void {
    while (!this.#closed && this.#running < this.#concurrency) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      this.#running += 1;
      void this.#work(message);
    }
  }

  async #work(message: Msg): Promise<void> {
    const over = new AbortController();
    const limitMs = Number(message.headers?.get(limit));
    const nobodyWaits = (): void => over.abort(new BrokerTimeoutError(this.#subject, limitMs));
    const timer = limitMs > 0 && limitMs <= longestLimitMs ? setTimeout(nobodyWaits, limitMs).unref() : undefined;
    try {
      const subject = message.subject.slice(requestSubject(this.#session, '').length);
      const request = { subject, body: message.data, headers: headersOf(message), signal: over.signal };
      const { body, headers } = replyOf(await this.#handler(request));
      this.#answer(() => respond(message, body, undefined, headers));
    } catch (error) {
      this.#fault(error);
      this.#answer(() => respond(message, new Uint8Array(), messageOf(error)));
    } finally {
      clearTimeout(timer);
      this.#running -= 1;
      this.#start();
    }
  }

  #answer(send: () => void): void {
    try {
      send();
    } catch (error) {
      this.#fault(error);
    }
  }
}

function respond(
  message: Msg,
  body: Uint8Array,
  problem?: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const sent = natsHeaders();
  for (const [name, value] of Object.entries(readHeaders(Object.entries(headers)))) sent.set(name, value);
  if (problem !== undefined) sent.set(failed, problem);
  message.respond(body, { headers: sent });
}

function headersOf({ headers }: Msg): Readonly<Record<string, string>> {
  const names = headers?.keys().filter((name) => name !== failed && name !== limit) ?? [];
  return readHeaders(names.map((name) => [name, headers?.last(name)] as const));
}

/** The promise, or a rejection when the signal aborts first. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
  }
}

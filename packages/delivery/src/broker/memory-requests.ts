import type { Reply, BrokerRequestOptions, RequestDelivery, Responder } from './broker.ts';
import { BrokerTimeoutError, NoResponderError, ResponderError } from './broker-errors.ts';

interface Seat {
  readonly fits: (subject: string) => boolean;
  readonly handler: Responder;
  readonly concurrency: number;
  readonly fault: (error: unknown) => void;
  readonly waiting: (() => void)[];
  running: number;
  closed: boolean;
}

/** Requests and who answers them, in one process. */
export class MemoryRequests {
  readonly #seats: Seat[] = [];
  #turn = 0;

  add(seat: Pick<Seat, 'fits' | 'handler' | 'concurrency' | 'fault'>): () => void {
    const added: Seat = { ...seat, waiting: [], running: 0, closed: false };
    this.#seats.push(added);
    return () => {
      added.closed = true;
      const at = this.#seats.indexOf(added);
      if (at >= 0) this.#seats.splice(at, 1);
    };
  }

  async ask(subject: string, body: Uint8Array, options: BrokerRequestOptions): Promise<Reply> {
    const { timeoutMs = 5000, signal, headers = {} } = options;
    const fitting = this.#seats.filter(({ fits }) => fits(subject));
    this.#turn += 1;
    const seat = fitting[this.#turn % fitting.length];
    if (seat === undefined) throw new NoResponderError(subject);
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const abort = (): void => over.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    const ended = new Promise<never>((_, reject) => {
      timer = setTimeout(() => over.abort(new BrokerTimeoutError(subject, timeoutMs)), timeoutMs);
      over.signal.addEventListener('abort', () => reject(over.signal.reason as Error), { once: true });
    });
    try {
      return await Promise.race([this.#answer(seat, { subject, body, headers, signal: over.signal }), ended]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  async #answer(seat: Seat, request: RequestDelivery): Promise<Reply> {
    if (seat.running >= seat.concurrency) await new Promise<void>((resolve) => seat.waiting.push(resolve));
    seat.running += 1;
    try {
      if (request.signal.aborted || seat.closed) throw new NoResponderError(request.subject);
      return replyOf(await seat.handler(request));
    } catch (error) {
      seat.fault(error);
      if (error instanceof NoResponderError) throw error;
      throw new ResponderError(request.subject, messageOf(error));
    } finally {
      seat.running -= 1;
      seat.waiting.shift()?.();
    }
  }
}

/** For those who write a broker: the answer of a responder, as a body with headers. @throws {TypeError} when it is none. */
export function replyOf(given: unknown): Reply & { readonly headers: Readonly<Record<string, string>> } {
  const reply = given instanceof Uint8Array ? { body: given } : (given as Reply | undefined);
  if (!(reply?.body instanceof Uint8Array)) throw new TypeError('a responder must answer a Uint8Array, or one as body');
  return { body: reply.body, headers: reply.headers ?? {} };
}

/** For those who write a broker: what a failure says, short enough for a header. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (
    text
      .replaceAll(/[\p{Cc}\p{Cs}\s]+/gu, ' ')
      .trim()
      .slice(0, 500) || 'the responder failed'
  );
}

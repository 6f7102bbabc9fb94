import type { FinishedSpan, FromWorker, Telling } from './messages.ts';

/** What is needed of `process` in a child process. */
export interface Channel {
  readonly connected?: boolean;
  send?(message: FromWorker, handle: undefined, options: undefined, sent: () => void): unknown;
}

const everyMs = 50;
/** What may wait to be sent. Beyond it what is new is dropped and counted. */
const capacity = 5000;
/** So many batches may be on their way; the pipe is full when the parent does not read. */
const maxInFlight = 8;

/** Sends events and spans to the parent in batches, so that telling costs the locks next to nothing. */
export class Outbox {
  readonly #channel: Channel;
  readonly #timer: ReturnType<typeof setInterval>;
  #tellings: Telling[] = [];
  #spans: FinishedSpan[] = [];
  #dropped = 0;
  #inFlight = 0;

  constructor(channel: Channel = process) {
    this.#channel = channel;
    this.#timer = setInterval(() => this.#send(), everyMs);
    this.#timer.unref();
  }

  tell(telling: Telling): void {
    if (this.#tellings.length < capacity) this.#tellings.push(telling);
    else this.#dropped += 1;
  }

  span(span: FinishedSpan): void {
    if (this.#spans.length < capacity) this.#spans.push(span);
    else this.#dropped += 1;
  }

  /** Sends what is left. */
  close(): Promise<void> {
    clearInterval(this.#timer);
    return new Promise((resolve) => this.#send(resolve));
  }

  #send(sent: () => void = () => {}): void {
    const nothing = this.#tellings.length + this.#spans.length + this.#dropped === 0;
    if (nothing || this.#inFlight >= maxInFlight || this.#channel.connected !== true) return sent();
    const news: FromWorker = { kind: 'news', tellings: this.#tellings, spans: this.#spans, dropped: this.#dropped };
    this.#tellings = [];
    this.#spans = [];
    this.#dropped = 0;
    this.#inFlight += 1;
    this.#channel.send?.(news, undefined, undefined, () => {
      this.#inFlight -= 1;
      sent();
    });
  }
}

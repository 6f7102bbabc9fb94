import type { LogStream } from './log-options.ts';

/**
 * Writes lines to a stream that may be slow, full, broken or gone. Honours its back-pressure with a bounded queue: when
 * that is full the new line is dropped and counted. Never throws.
 */
export class LineWriter {
  readonly #stream: LogStream;
  readonly #maxBuffered: number;
  #waiting: string[] = [];
  #full = false;
  #watched = false;
  #warned = false;
  #emptied: (() => void)[] = [];
  dropped = 0;

  constructor(stream: LogStream, maxBuffered: number) {
    this.#stream = stream;
    this.#maxBuffered = maxBuffered;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** A line, or several that belong together, without the last line end. */
  write(lines: string): void {
    if (this.#gone()) this.dropped += 1;
    else if (!this.#full) this.#hand(`${lines}\n`);
    else if (this.#waiting.length < this.#maxBuffered) this.#waiting.push(`${lines}\n`);
    else this.dropped += 1;
  }

  /** See `LogListener.flush`. */
  async flush(timeoutMs: number): Promise<{ readonly undelivered: number }> {
    this.#settle();
    if (this.#waiting.length > 0) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      await new Promise<void>((resolve) => {
        this.#emptied.push(resolve);
        timer = setTimeout(resolve, timeoutMs);
      });
      clearTimeout(timer);
    }
    return { undelivered: this.#waiting.length };
  }

  #hand(chunk: string): void {
    this.#watch();
    try {
      if (this.#stream.write(chunk) === false) this.#pause();
    } catch (error) {
      this.dropped += 1;
      this.#warn(error);
    }
  }

  /** A stream that cannot say when it has room again is not waited for. */
  #pause(): void {
    if (typeof this.#stream.once !== 'function') return;
    this.#full = true;
    this.#stream.once('drain', () => this.#resume());
  }

  #resume(): void {
    this.#full = false;
    const waiting = this.#waiting;
    let count = 0;
    while (count < waiting.length && !this.#full && !this.#gone()) this.#hand(waiting[count++] ?? '');
    this.#waiting = waiting.slice(count);
    this.#settle();
  }

  /** Without a handler an 'error' event would end the process, and the lock with it. */
  #watch(): void {
    if (this.#watched) return;
    this.#watched = true;
    this.#stream.on?.('error', (error) => {
      this.#warn(error);
      // The stream may live on, as process.stdout does, but will not emit the 'drain' that it owes.
      if (this.#full) this.#resume();
    });
    this.#stream.on?.('close', () => this.#settle());
  }

  #settle(): void {
    if (this.#gone()) {
      this.dropped += this.#waiting.length;
      this.#waiting = [];
    }
    if (this.#waiting.length > 0) return;
    for (const resolve of this.#emptied.splice(0)) resolve();
  }

  #gone(): boolean {
    return this.#stream.destroyed === true || this.#stream.writableEnded === true;
  }

  #warn(error: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    const text = `Lockscope: the stream of log() failed; locks are not affected, lines that do not get out are counted: ${String(error)}`;
    process.emitWarning(text, 'LockscopeLogWarning');
  }
}

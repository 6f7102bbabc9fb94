import { Buffer } from 'node:buffer';

import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import type { Closed, CloseOptions } from '../closable.ts';
import { EncodingError } from '../sinks/encoding-error.ts';
import { harmless } from '../internal/done.ts';
import { toJson } from '../sinks/internal/encode.ts';
import { Passing } from '../sinks/internal/passing.ts';
import { longestTimerMs } from '../internal/pause.ts';
import { whenAborted } from '../internal/signals.ts';
import type { Sink, WriteOptions } from '../sinks/sink.ts';
import type { FileSinkError } from './file-sink-error.ts';
import { LogFile } from './log-file.ts';
import type { Repair } from './repair.ts';

/** Options of a {@link FileSink}. */
export interface FileSinkOptions<T = unknown> {
  /** The file. Its folder is made where there is none. One process, and one sink, for one file. */
  readonly path: string;
  /** The line of an event, JSON without a line break. Default `JSON.stringify`. */
  readonly encode?: (event: T) => string;
  /** A file that would become larger is rotated before, in bytes; a single line may be. Default `Infinity`: never. */
  readonly maxBytes?: number;
  /** A file that was begun so long ago is rotated before the next event, in milliseconds. Default `Infinity`: never. */
  readonly maxAgeMs?: number;
  /** How many older files stay, as `<path>.1` (the youngest) and so on. Default 5. */
  readonly keep?: number;
  /**
   * When what was written is made to outlive the machine: before each write resolves, every `fsyncIntervalMs`, or when
   * the system sees fit. What outlives the process alone needs none. Default `interval`.
   */
  readonly fsync?: 'always' | 'interval' | 'never';
  /** At most so long after a write, in milliseconds (at most 2147483647). Default 1,000. */
  readonly fsyncIntervalMs?: number;
  /** Rights of a file that is made. Default `0o600`: events tell who does what. */
  readonly mode?: number;
  /** Told when the file ended with a torn line, as it does when a process or machine ended while it wrote. */
  readonly onRepair?: (repair: Repair) => void;
  /** Told when a sync in between failed: what was written since the last is in the file, and may not outlive the machine. */
  readonly onSyncError?: (error: FileSinkError) => void;
}

interface Waiting {
  readonly line: string;
  readonly bytes: number;
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const known = new Set([
  'path',
  'encode',
  'maxBytes',
  'maxAgeMs',
  'keep',
  'fsync',
  'fsyncIntervalMs',
  'mode',
  'onRepair',
  'onSyncError',
]);
/** What is written at once. */
const mostBytes = 1024 * 1024;

/**
 * Writes each event as one line of JSON, in the order of the writes. A write resolves when the system has the whole line:
 * it is in the file then, also when the process is killed in the next moment. A write that rejects has left nothing. Many
 * writes at once cost one. A line that was torn when a process or machine ended is cut when the file is opened again.
 */
export class FileSink<T = unknown> implements Sink<T> {
  readonly #encode: (event: T) => string;
  readonly #options: Required<Pick<FileSinkOptions, 'maxBytes' | 'maxAgeMs' | 'fsync' | 'fsyncIntervalMs'>>;
  readonly #onSyncError: ((error: FileSinkError) => void) | undefined;
  readonly #file: LogFile;
  readonly #passing: Passing<T>;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #written = 0;
  #rotations = 0;
  #cutBytes = 0;
  #failedSyncs = 0;

  /** @throws {InvalidOptionsError} naming every option that is wrong, its value and the bound. */
  constructor(options: FileSinkOptions<T>) {
    const { path, encode = toJson, maxBytes = Infinity, maxAgeMs = Infinity, keep = 5, mode = 0o600 } = options;
    const { fsync = 'interval', fsyncIntervalMs = 1000, onRepair, onSyncError } = options;
    const problems = unknownOptions(options, known);
    if (typeof path !== 'string' || path === '') problems.push(`path must be a string that is not empty`);
    for (const [name, value] of Object.entries({ maxBytes, maxAgeMs }))
      if (!(value > 0)) problems.push(`${name} must be above 0, got ${String(value)}`);
    if (!(Number.isSafeInteger(keep) && keep >= 0 && keep <= 10_000))
      problems.push(`keep must be an integer from 0 to 10000, got ${String(keep)}`);
    if (!['always', 'interval', 'never'].includes(fsync))
      problems.push(`fsync must be always, interval, never, got ${fsync}`);
    if (!(fsyncIntervalMs > 0 && fsyncIntervalMs <= longestTimerMs))
      problems.push(`fsyncIntervalMs must be above 0 and at most ${longestTimerMs}, got ${String(fsyncIntervalMs)}`);
    if (problems.length > 0) throw new InvalidOptionsError(problems);
    this.#encode = encode;
    this.#options = { maxBytes, maxAgeMs, fsync, fsyncIntervalMs };
    this.#onSyncError = onSyncError;
    this.#file = new LogFile(path, keep, mode, (repair) => {
      this.#cutBytes += repair.cutBytes;
      if (onRepair !== undefined) harmless(() => onRepair(repair));
    });
    this.#passing = new Passing<T>(
      this,
      (event, { signal }) => this.#put(event, signal),
      (signal) => this.#end(signal),
    );
  }

  /** Events that are in a file. */
  get written(): number {
    return this.#written;
  }
  /** How often a file was full or too old. */
  get rotations(): number {
    return this.#rotations;
  }
  /** Bytes of torn lines that were cut. */
  get cutBytes(): number {
    return this.#cutBytes;
  }
  /** Syncs in between that failed. */
  get failedSyncs(): number {
    return this.#failedSyncs;
  }

  /** Resolves when the line is in the file; rejects with a `FileSinkError` or an `EncodingError` when it is not. */
  write(event: T, options?: WriteOptions): Promise<void> {
    return this.#passing.write(event, options);
  }

  close(options?: CloseOptions): Promise<Closed> {
    return this.#passing.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #put(event: T, signal: AbortSignal): Promise<void> {
    const text: unknown = this.#encode(event);
    if (typeof text !== 'string' || /[\n\r]/.test(text)) throw new EncodingError('it is not one line');
    const line = `${text}\n`;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, bytes: Buffer.byteLength(line), signal, resolve, reject });
      this.#start();
    });
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // Whoever writes in the same turn is written at once.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#writeSome();
    this.#running = undefined;
  }

  async #writeSome(): Promise<void> {
    let batch: Waiting[] = [];
    try {
      await this.#file.ready();
      if (this.#isFull(this.#waiting[0]?.bytes ?? 0)) await this.#rotate();
      batch = this.#take();
      if (batch.length === 0) return;
      const bytes = batch.reduce((sum, each) => sum + each.bytes, 0);
      await this.#file.append(batch.map(({ line }) => line).join(''), bytes, this.#options.fsync === 'always');
    } catch (error) {
      // Before anything was taken the fault is of the file: nobody who waits can be written.
      for (const { reject } of batch.length > 0 ? batch : this.#waiting.splice(0)) reject(error);
      return;
    }
    this.#written += batch.length;
    for (const { resolve } of batch) resolve();
    this.#syncLater();
  }

  #isFull(next: number): boolean {
    const { size, begunAt } = this.#file;
    if (size === 0) return false;
    return size + next > this.#options.maxBytes || Date.now() - begunAt >= this.#options.maxAgeMs;
  }

  async #rotate(): Promise<void> {
    await this.#file.rotate(this.#options.fsync !== 'never');
    this.#rotations += 1;
    await this.#file.ready();
  }

  /** What goes into the file at once: as much as there is and has room, one event at least. */
  #take(): Waiting[] {
    const { maxBytes } = this.#options;
    let bytes = 0;
    let count = 0;
    for (const each of this.#waiting) {
      if (count > 0 && (bytes + each.bytes > mostBytes || this.#file.size + bytes + each.bytes > maxBytes)) break;
      bytes += each.bytes;
      count += 1;
    }
    // Who gave up before its turn is not written.
    return this.#waiting.splice(0, count).filter(({ signal }) => !signal.aborted);
  }

  #syncLater(): void {
    if (this.#options.fsync !== 'interval' || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#file.sync().catch((error: unknown) => {
        this.#failedSyncs += 1;
        harmless(() => this.#onSyncError?.(error as FileSinkError));
      });
    }, this.#options.fsyncIntervalMs);
    // The system has what was written; the process need not stay for it.
    this.#timer.unref();
  }

  async #end(signal: AbortSignal): Promise<number> {
    clearTimeout(this.#timer);
    const gaveUp = whenAborted(signal);
    try {
      await Promise.race([this.#closeFile(), gaveUp.aborted]);
    } finally {
      gaveUp.release();
    }
    return 0;
  }

  async #closeFile(): Promise<void> {
    await this.#running;
    try {
      if (this.#options.fsync !== 'never') await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }
}

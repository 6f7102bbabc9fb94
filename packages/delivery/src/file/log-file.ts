import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { FileSinkError, type FileOperation } from './file-sink-error.ts';
import { repairEnd, type Repair } from './repair.ts';

/** A file that lines are added to, with the older files beside it. One call at a time. */
export class LogFile {
  readonly path: string;
  readonly #keep: number;
  readonly #mode: number;
  readonly #onRepair: (repair: Repair) => void;
  #file: FileHandle | undefined;
  #size = 0;
  #begunAt = 0;
  /** Something other than a file, which has no size and cannot be cut. */
  #special = false;
  /** There may be more in the file than what was committed. */
  #torn = false;

  constructor(path: string, keep: number, mode: number, onRepair: (repair: Repair) => void) {
    this.path = path;
    this.#keep = keep;
    this.#mode = mode;
    this.#onRepair = onRepair;
  }

  get size(): number {
    return this.#size;
  }
  /** When the file was begun, in epoch milliseconds. */
  get begunAt(): number {
    return this.#begunAt;
  }

  /** Opens the file where it is not open, and makes it end with a whole line. */
  async ready(): Promise<void> {
    const file = (this.#file ??= await this.#try('open', () => this.#open()));
    if (!this.#torn) return;
    await this.#try('write', () => file.truncate(this.#size));
    this.#torn = false;
  }

  /** Adds all of it or nothing, and makes it outlive the machine when `sync` says so. After `ready`. */
  async append(text: string, bytes: number, sync: boolean): Promise<void> {
    const file = this.#file as FileHandle;
    this.#torn = !this.#special;
    try {
      await this.#try('write', () => file.appendFile(text));
      if (sync) await this.sync();
      this.#size += bytes;
      this.#torn = false;
    } catch (error) {
      if (this.#torn) {
        await file.truncate(this.#size).then(
          () => (this.#torn = false),
          () => {},
        );
      }
      throw error;
    }
  }

  async sync(): Promise<void> {
    if (this.#file !== undefined && !this.#special) await this.#try('sync', () => this.#file?.sync());
  }

  /** Moves the older files on by one, this one to the first place, and lets go of the last. */
  async rotate(sync: boolean): Promise<void> {
    if (sync) await this.sync();
    await this.close();
    await this.#try('rotate', async () => {
      await rm(this.#older(this.#keep), { force: true });
      for (let n = this.#keep - 1; n >= 0; n -= 1) {
        await rename(this.#older(n), this.#older(n + 1)).catch((error: unknown) => {
          if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
        });
      }
      if (sync) await syncFolder(dirname(this.path));
    });
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await this.#try('close', () => file?.close());
  }

  #older(n: number): string {
    return n === 0 ? this.path : `${this.path}.${n}`;
  }

  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.path), { recursive: true });
    const file = await open(this.path, 'a+', this.#mode);
    try {
      const { size, birthtimeMs, mtimeMs, ...stats } = await file.stat();
      this.#special = !(stats.mode === undefined || (stats.mode & 0o170_000) === 0o100_000);
      const repaired = this.#special ? { size: 0 } : await repairEnd(file, size);
      this.#size = repaired.size;
      this.#begunAt = size === 0 ? Date.now() : birthtimeMs || mtimeMs;
      this.#torn = false;
      if (repaired.repair !== undefined) this.#onRepair(Object.freeze({ path: this.path, ...repaired.repair }));
      return file;
    } catch (error) {
      await file.close().catch(() => {});
      throw error;
    }
  }

  async #try<V>(operation: FileOperation, act: () => Promise<V> | undefined): Promise<V> {
    try {
      return (await act()) as V;
    } catch (error) {
      throw error instanceof FileSinkError ? error : new FileSinkError(operation, this.path, error);
    }
  }
}

/** So that the new names outlive the machine. Not every system can. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch {
    // Nothing that was committed depends on it.
  }
}

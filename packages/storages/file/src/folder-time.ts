import { randomBytes } from 'node:crypto';
import { stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineClock } from '@lockscope/storage/machine-clock';
import type { Moment } from './moment.ts';

/** Where all who share the folder read the same time. */
export interface FolderTime {
  read(): Moment | Promise<Moment>;
}

const stepMs = 1000;

/** The monotonic clock of this machine. Epoch times follow when somebody sets the wall clock by more than a second. */
export class MachineTime implements FolderTime {
  readonly #clock: MachineClock;
  #startedAt: number;

  constructor(clock: MachineClock) {
    this.#clock = clock;
    this.#startedAt = Math.round(clock.now() - clock.monotonic());
  }

  read(): Moment {
    const monotonic = this.#clock.monotonic();
    const startedAt = this.#clock.now() - monotonic;
    if (Math.abs(startedAt - this.#startedAt) > stepMs) this.#startedAt = Math.round(startedAt);
    // In steps of 1/1024, so that sums and differences are exact.
    const now = Math.floor(monotonic * 1024) / 1024;
    return { now, run: this.#clock.bootId, startedAt: this.#startedAt, toleranceMs: 0 };
  }
}

const askEveryMs = 10_000;

/** The clock of the file server: what it notes as the time of a write. Asked now and then, followed in between. */
export class ServerTime implements FolderTime {
  readonly #clock: MachineClock;
  readonly #workshop: string;
  readonly #toleranceMs: number;
  #aheadMs = 0;
  #askedAt = -Infinity;
  #asking: Promise<void> | undefined;

  constructor(clock: MachineClock, workshop: string, toleranceMs: number) {
    this.#clock = clock;
    this.#workshop = workshop;
    this.#toleranceMs = toleranceMs;
  }

  async read(): Promise<Moment> {
    if (this.#clock.monotonic() - this.#askedAt >= askEveryMs) await (this.#asking ??= this.#ask());
    const now = Math.floor((this.#clock.monotonic() + this.#aheadMs) * 1024) / 1024;
    return { now, run: 'server', startedAt: 0, toleranceMs: this.#toleranceMs };
  }

  async #ask(): Promise<void> {
    try {
      const before = this.#clock.monotonic();
      const noted = await noteTime(this.#workshop);
      const after = this.#clock.monotonic();
      this.#aheadMs = noted - (before + after) / 2;
      this.#askedAt = after;
    } finally {
      this.#asking = undefined;
    }
  }
}

/** The time that the file system notes for a write now. */
export async function noteTime(folder: string): Promise<number> {
  const path = join(folder, `time-${randomBytes(8).toString('hex')}`);
  try {
    await writeFile(path, '?');
    const { mtimeMs } = await stat(path);
    return mtimeMs;
  } finally {
    await unlink(path).catch(() => undefined);
  }
}

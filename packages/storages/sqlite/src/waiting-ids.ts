import type { Companion } from '@lockscope/storage';

const atLeast = 1024;

interface Noted {
  readonly forgetAt: number;
  readonly behind: string;
}

/** Which leases are on record as waiting, as far as this process put them there. A hint: the record is what counts. */
export class WaitingIds {
  readonly #ids = new Map<string, Noted>();
  #sweepAt = atLeast;

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Whether the record names those who wait behind it now. */
  isCurrent(id: string, behind: readonly Companion[] | undefined): boolean {
    return this.#ids.get(id)?.behind === namesOf(behind);
  }

  add(id: string, now: number, forgetAt: number, behind: readonly Companion[] | undefined): void {
    this.#ids.set(id, { forgetAt, behind: namesOf(behind) });
    if (this.#ids.size < this.#sweepAt) return;
    for (const [known, noted] of this.#ids) if (noted.forgetAt <= now) this.#ids.delete(known);
    this.#sweepAt = Math.max(atLeast, this.#ids.size * 2);
  }

  delete(id: string): void {
    this.#ids.delete(id);
  }
}

function namesOf(behind: readonly Companion[] = []): string {
  return behind.length === 0 ? '' : JSON.stringify(behind.map(({ holder }) => holder.ownerId));
}

/** After so long without an answer, what was known of the storage's clock counts no more. */
const knownForMs = 60_000;

/**
 * @internal What time of this process a time of the storage is. The storage looked at its clock at some moment between a
 * question and its answer; what several answers leave is narrower than each. A clock that was set begins anew.
 */
export class StorageTime {
  /** How far the storage's clock is ahead of the monotonic clock of this process: at least, and at most. */
  #least = -Infinity;
  #most = Infinity;
  #at = -Infinity;

  answered(sentAt: number, now: number, storageNow: number): void {
    if (Number.isFinite(storageNow)) this.#narrow(storageNow - now, storageNow - sentAt, now);
  }

  /** Without a question: it was that late at the storage when it told, some time ago. */
  told(now: number, storageNow: number): void {
    if (Number.isFinite(storageNow)) this.#narrow(storageNow - now, Infinity, now);
  }

  /** On the monotonic clock of this process; undefined for what is no time. */
  local(storageTime: number): number | undefined {
    const aheadBy = this.#most === Infinity ? this.#least : (this.#least + this.#most) / 2;
    const local = storageTime - aheadBy;
    return Number.isFinite(local) ? local : undefined;
  }

  #narrow(least: number, most: number, now: number): void {
    const old = now - this.#at > knownForMs;
    if (old || least > this.#most || most < this.#least) {
      this.#least = least;
      this.#most = most;
    } else {
      this.#least = Math.max(this.#least, least);
      this.#most = Math.min(this.#most, most);
    }
    this.#at = now;
  }
}

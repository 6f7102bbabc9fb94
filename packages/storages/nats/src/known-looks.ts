import type { Look } from './records.ts';

const atMost = 10_000;

/**
 * What this instance last saw of records, so that a write can start from there without a look. Never an answer: a write
 * fails when the record has changed since.
 */
export class KnownLooks {
  readonly #looks = new Map<string, Look>();
  readonly #refreshing = new Set<string>();

  /** What is older than what is known is not taken. */
  set(key: string, { seq, place }: Look): void {
    if ((this.#looks.get(key)?.seq ?? 0) > seq) return;
    this.#looks.delete(key);
    this.#looks.set(key, { seq, place });
    if (this.#looks.size <= atMost) return;
    const [oldest] = this.#looks.keys();
    if (oldest !== undefined) this.#looks.delete(oldest);
  }

  /** That revision is about to be removed. */
  forget(key: string, seq: number): void {
    if (this.#looks.get(key)?.seq === seq) this.#looks.delete(key);
  }

  clear(): void {
    this.#looks.clear();
  }

  /** Where every lease's end is known: what an attempt may start from. */
  exact(key: string): Look | undefined {
    const look = this.#looks.get(key);
    return look?.place.isExact === true ? look : undefined;
  }

  /** What a change by this lease may start from: it has the lock, and nobody else's end is unknown. */
  of(key: string, leaseId: string): Look | undefined {
    const look = this.#looks.get(key);
    if (look?.place.holding(leaseId) === undefined) return undefined;
    const others = look.place.holders.filter(({ record }) => record.leaseId !== leaseId);
    return others.every(({ end }) => end !== undefined) ? look : undefined;
  }

  isAsNew(key: string, seq: number): boolean {
    const look = this.#looks.get(key);
    return look === undefined || look.seq >= seq;
  }

  /** Looks again, one look at a time; what cannot be had now is had when it is needed. */
  async refresh(key: string, look: () => Promise<Look>): Promise<void> {
    if (this.#refreshing.has(key)) return;
    this.#refreshing.add(key);
    try {
      const fresh = await look();
      if (fresh.seq > 0 && !this.isAsNew(key, fresh.seq)) this.set(key, fresh);
    } catch {
      this.#looks.delete(key);
    } finally {
      this.#refreshing.delete(key);
    }
  }
}

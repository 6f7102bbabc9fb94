import type { LeaseNews } from '@lockscope/storage';

type Tell = (news: LeaseNews) => void;

interface Watcher {
  readonly key: string;
  readonly tell: Tell;
}

/** Who is to be told of which lease. */
export class Watchers {
  /** By lease; one that waits for several keys has an entry for each. */
  readonly #watchers = new Map<string, Set<Watcher>>();

  get size(): number {
    return this.#watchers.size;
  }

  has(key: string, leaseId: string): boolean {
    for (const watcher of this.#watchers.get(leaseId) ?? []) if (watcher.key === key) return true;
    return false;
  }

  /** Gives the way out, which is true when nobody is left. */
  add(key: string, leaseId: string, tell: Tell): () => boolean {
    const watcher: Watcher = { key, tell };
    const watchers = this.#watchers.get(leaseId) ?? new Set();
    this.#watchers.set(leaseId, watchers.add(watcher));
    return () => {
      if (!watchers.delete(watcher)) return false;
      if (watchers.size === 0 && this.#watchers.get(leaseId) === watchers) this.#watchers.delete(leaseId);
      return this.#watchers.size === 0;
    };
  }

  tell(key: string, leaseId: string, news: LeaseNews): void {
    for (const watcher of this.#watchers.get(leaseId) ?? []) if (watcher.key === key) watcher.tell(news);
  }

  tellAll(news: LeaseNews): void {
    for (const watchers of this.#watchers.values()) for (const { tell } of watchers) tell(news);
  }

  clear(): void {
    this.#watchers.clear();
  }
}

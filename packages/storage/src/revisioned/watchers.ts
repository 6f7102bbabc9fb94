import type { LeaseNews } from '../lock-storage.ts';

type Tell = (news: LeaseNews) => void;

/** How an instance begins to hear of its leases, and how it stops. */
export interface Hearing {
  /** Somebody watches. Called for each who does, so it may hear already. */
  readonly begin: () => void;
  /** Nobody has watched for a while. */
  readonly end: () => void;
}

/** How long an instance goes on to hear when nobody watches any more: who waits often, waits again soon. */
const lingerMs = 1000;

/** Who of this process wants news of which lease. */
export class Watchers {
  readonly #hearing: Hearing;
  readonly #tells = new Map<string, Set<Tell>>();
  #linger: NodeJS.Timeout | undefined;

  constructor(hearing: Hearing) {
    this.#hearing = hearing;
  }

  get isEmpty(): boolean {
    return this.#tells.size === 0;
  }

  has(key: string, leaseId: string): boolean {
    return this.#tells.has(idOf(key, leaseId));
  }

  /** Gives the way out. */
  add(key: string, leaseId: string, tell: Tell): () => void {
    const id = idOf(key, leaseId);
    const tells = this.#tells.get(id) ?? new Set();
    // The same function may watch twice, and each has a way out of its own.
    const entry: Tell = (news) => tell(news);
    this.#tells.set(id, tells.add(entry));
    clearTimeout(this.#linger);
    this.#hearing.begin();
    return () => {
      if (!tells.delete(entry) || tells.size > 0 || this.#tells.get(id) !== tells) return;
      this.#tells.delete(id);
      if (!this.isEmpty) return;
      clearTimeout(this.#linger);
      this.#linger = setTimeout(() => this.#hearing.end(), lingerMs).unref();
    };
  }

  tell(key: string, leaseId: string, news: LeaseNews): void {
    for (const tell of this.#tells.get(idOf(key, leaseId)) ?? []) tell(news);
  }

  /** Something may have been missed. */
  tellAllToAsk(): void {
    for (const tells of this.#tells.values()) for (const tell of tells) tell({ type: 'ask' });
  }

  /** Nobody is told any more. Whoever calls this ends the hearing himself. */
  close(): void {
    this.#tells.clear();
    clearTimeout(this.#linger);
  }
}

/** JSON, so that no key can be taken for another. */
function idOf(key: string, leaseId: string): string {
  return JSON.stringify([key, leaseId]);
}

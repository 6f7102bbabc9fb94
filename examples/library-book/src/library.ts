import { setTimeout as pause } from 'node:timers/promises';

import type { ServeHandlers } from '@lockscope/delivery';

/** What a library is asked for: what each event brings, and what is answered. */
export interface Requests {
  borrow: (wish: { title: string; reader: string }) => { title: string; copiesLeft: number };
  giveBack: (title: string) => void;
  fetchFromArchive: (title: string) => string;
}

export class NoCopyLeftError extends Error {
  constructor(title: string) {
    super(`no copy of "${title}" is left`);
  }
}

/** What a library needs. Nothing is looked up by name: what is missing does not compile. */
export interface LibraryDeps {
  readonly copies: Map<string, number>;
  readonly say: (text: string) => void;
}

/**
 * The work of a library. Its shelves belong to whoever serves these handlers, and each runs to its first `await` without
 * another in between, so that counting copies needs no lock.
 */
export function createLibrary({ copies, say }: LibraryDeps): ServeHandlers<Requests> {
  return {
    borrow({ title, reader }) {
      const left = copies.get(title) ?? 0;
      if (left === 0) throw new NoCopyLeftError(title);
      copies.set(title, left - 1);
      say(`${reader} has "${title}"`);
      return { title, copiesLeft: left - 1 };
    },
    giveBack(title) {
      copies.set(title, (copies.get(title) ?? 0) + 1);
      say(`"${title}" is back`);
    },
    async fetchFromArchive(title, { signal }) {
      try {
        await pause(5000, undefined, { signal });
        return `"${title}", dusty`;
      } catch {
        say(`nobody waits for "${title}" any more`);
        throw signal.reason;
      }
    },
  };
}

import { limits } from './limits.ts';
import type { Hold, Obstacle, Span, Wait } from './span.ts';

/** Everything about one lock in the last minute: its possessions and waits, in the order in which they came in. */
export class Lane {
  readonly key: string;
  readonly name: string;
  /** When something was last heard of it. */
  usedAt = 0;
  readonly openHolds: Set<Hold> = new Set();
  readonly openWaits: Set<Wait> = new Set();
  #spans: Span[] = [];
  readonly #holdByTree = new Map<string, Hold>();
  readonly #waitByTree = new Map<string, Wait>();
  readonly #holdByToken = new Map<number, Hold>();

  constructor(key: string, name: string) {
    this.key = key;
    this.name = name;
  }

  get spans(): readonly Span[] {
    return this.#spans;
  }

  get busy(): boolean {
    return this.openHolds.size + this.openWaits.size > 0;
  }

  /** False when it is full of what still lasts. */
  add(span: Span): boolean {
    if (this.#spans.length >= limits.spansPerLock) {
      const oldest = this.#spans.findIndex(({ to }) => to !== undefined);
      if (oldest === -1) return false;
      this.#forget(this.#spans[oldest] as Span);
      this.#spans.splice(oldest, 1);
    }
    this.#spans.push(span);
    if (span.kind === 'wait') {
      this.openWaits.add(span);
      this.#waitByTree.set(span.tree, span);
    } else {
      this.openHolds.add(span);
      this.#holdByTree.set(span.tree, span);
      if (span.token !== undefined) this.#holdByToken.set(span.token, span);
    }
    return true;
  }

  hold(tree: string): Hold | undefined {
    return this.#holdByTree.get(tree);
  }

  wait(tree: string): Wait | undefined {
    return this.#waitByTree.get(tree);
  }

  holdOf(token: number | undefined): Hold | undefined {
    return token === undefined ? undefined : this.#holdByToken.get(token);
  }

  /** For who tells of a release in another tree than of the acquire. */
  holdOfOwner(ownerId: string | undefined): Hold | undefined {
    for (const hold of this.openHolds) if (ownerId !== undefined && hold.ownerId === ownerId) return hold;
    return undefined;
  }

  /** Which process is in the way, once its own events have told of the possession. */
  processOf({ token, ownerId }: Pick<Obstacle, 'token' | 'ownerId'>): string | undefined {
    return (this.holdOf(token) ?? this.holdOfOwner(ownerId))?.process;
  }

  /** Who has it: of those who think so, the one with the greatest token. */
  get holder(): Hold | undefined {
    let holder: Hold | undefined;
    for (const hold of this.openHolds) {
      if (holder === undefined || isLater(hold, holder)) holder = hold;
    }
    return holder;
  }

  /** Forgets what ended before `horizon`. */
  prune(horizon: number): void {
    if (!this.#spans.some(({ to }) => to !== undefined && to < horizon)) return;
    this.#spans = this.#spans.filter((span) => {
      const stays = span.to === undefined || span.to >= horizon;
      if (!stays) this.#forget(span);
      return stays;
    });
  }

  #forget(span: Span): void {
    if (span.kind === 'wait') {
      if (this.#waitByTree.get(span.tree) === span) this.#waitByTree.delete(span.tree);
      return;
    }
    if (this.#holdByTree.get(span.tree) === span) this.#holdByTree.delete(span.tree);
    if (span.token !== undefined && this.#holdByToken.get(span.token) === span) this.#holdByToken.delete(span.token);
  }
}

function isLater(hold: Hold, than: Hold): boolean {
  if (hold.token !== undefined && than.token !== undefined && hold.token !== than.token) return hold.token > than.token;
  return hold.from >= than.from;
}

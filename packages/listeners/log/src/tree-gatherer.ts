import type { Event } from '@lockscope/core';

/** The events of one tree, its root ended. */
export interface EventTree {
  readonly root: Event;
  /** Every event but the root and what is counted below, in the order in which they ended. */
  readonly events: readonly Event[];
  /** Renewals that went well, which are counted instead of kept: a leader has one every few seconds, for weeks. */
  readonly renewals: { readonly count: number; readonly worstMs: number; readonly firstAt: number } | undefined;
  /** Events that there was no room for. */
  readonly omitted: number;
}

type Branches = { -readonly [K in Exclude<keyof EventTree, 'root' | 'events'>]: EventTree[K] } & { events: Event[] };

const maxTrees = 1000;
const maxEvents = 200;

/** Gathers events until their root has ended. Memory is bounded; what is left out is counted. */
export class TreeGatherer {
  readonly #growing = new Map<string, Branches>();
  /** Events of trees that were given up because there were more than a thousand at once. */
  dropped = 0;

  /** The whole tree, when this event was its root. */
  add(event: Event): EventTree | undefined {
    const { rootId } = event;
    const branches = this.#growing.get(rootId);
    if (event.parentId === undefined) {
      this.#growing.delete(rootId);
      return { root: event, ...(branches ?? noBranches()) };
    }
    this.#hang(event, branches ?? this.#sprout(rootId));
    return undefined;
  }

  #sprout(rootId: string): Branches {
    if (this.#growing.size >= maxTrees) {
      for (const [oldest, { events, omitted }] of this.#growing) {
        this.#growing.delete(oldest);
        this.dropped += events.length + omitted;
        break;
      }
    }
    const branches = noBranches();
    this.#growing.set(rootId, branches);
    return branches;
  }

  #hang(event: Event, branches: Branches): void {
    if (event.type === 'lease.renew' && event.outcome === 'renewed') {
      const { count = 0, worstMs = 0, firstAt = event.startedAt } = branches.renewals ?? {};
      branches.renewals = { count: count + 1, worstMs: Math.max(worstMs, event.durationMs ?? 0), firstAt };
      branches.events = branches.events.filter(({ parentId }) => parentId !== event.id);
    } else if (branches.events.length < maxEvents) {
      branches.events.push(event);
    } else {
      branches.omitted += 1;
    }
  }
}

function noBranches(): Branches {
  return { events: [], renewals: undefined, omitted: 0 };
}

import type { Event } from '@lockscope/core';

/** One lock name on one kind of storage, with what goes on there. */
export interface Place {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  waiting: number;
  holding: number;
}

interface Running {
  readonly place: Place;
  /** When it began, by the clock of its event's tree. */
  readonly at: number;
  /** The same moment on the monotonic clock, known once its age was asked for: from then on no clock step counts. */
  since: number | undefined;
}

/** What is going on now, by the event that stands for it. */
export class InFlight {
  readonly #running = new Map<Event, Running>();
  readonly #what: 'waiting' | 'holding';

  constructor(what: 'waiting' | 'holding') {
    this.#what = what;
  }

  begin(event: Event, place: Place, at: number): void {
    if (this.#running.has(event)) return;
    this.#running.set(event, { place, at, since: undefined });
    place[this.#what] += 1;
  }

  /** Where it was; undefined when it never began. */
  end(event: Event): Place | undefined {
    const running = this.#running.get(event);
    if (running === undefined) return undefined;
    this.#running.delete(event);
    running.place[this.#what] -= 1;
    return running.place;
  }

  /** The age in seconds of the oldest, by lock name. */
  oldest(): ReadonlyMap<string, number> {
    const ages = new Map<string, number>();
    const now = Date.now();
    const monotonic = performance.now();
    for (const [event, running] of this.#running) {
      // Its end was told to nobody: a queue in front of this listener dropped it.
      if (event.endedAt !== undefined) {
        this.end(event);
        continue;
      }
      running.since ??= monotonic - Math.max(0, now - running.at);
      const { name } = running.place;
      ages.set(name, Math.max(ages.get(name) ?? 0, (monotonic - running.since) / 1000));
    }
    return ages;
  }

  clear(): void {
    for (const event of this.#running.keys()) this.end(event);
  }
}

import type { Event, EventClock } from '@lockscope/core';
import type { ValueCell } from './value-family.ts';

/** The gauges that something in flight shows in. */
export interface InFlightCells {
  readonly count: ValueCell;
  readonly oldestAge: ValueCell;
}

/** Something that began and has not ended. */
interface Running<S> {
  readonly event: Event;
  readonly series: S;
  readonly cells: InFlightCells;
  /** When it began, by the clock of its event's tree. */
  readonly at: number;
  /** The same moment on our own monotonic clock, known once its age was asked for: from then on no clock step counts. */
  since: number | undefined;
}

/** What is going on now, by the event that stands for it. Ends touch the same cells as beginnings did. */
export class InFlight<S> {
  /** The latest few, to be looked through: a Map whose few entries come and go costs five times as much. */
  readonly #latest: Running<S>[] = [];
  readonly #older = new Map<Event, Running<S>>();
  readonly #clock: EventClock;
  #sweepAt = sweepAtLeast;

  constructor(clock: EventClock) {
    this.#clock = clock;
  }

  has(event: Event): boolean {
    return this.#indexOf(event) >= 0 || this.#older.has(event);
  }

  begin(event: Event, series: S, cells: InFlightCells, at: number): void {
    this.#latest.push({ event, series, cells, at, since: undefined });
    cells.count.value += 1;
    if (this.#latest.length <= latestAtMost) return;
    for (const running of this.#latest.splice(0, latestAtMost / 2)) this.#older.set(running.event, running);
    if (this.#older.size < this.#sweepAt) return;
    this.forgetEnded();
    this.#sweepAt = Math.max(sweepAtLeast, this.#older.size * 2);
  }

  /**
   * Forgets what has ended without being told here: the listener was taken off its locks meanwhile, or a queue dropped
   * the end.
   */
  forgetEnded(): void {
    const ended: Event[] = [];
    for (const { event } of this.#all()) if (event.endedAt !== undefined) ended.push(event);
    for (const event of ended) this.end(event);
  }

  /** The series that it began with; undefined when it never did. */
  end(event: Event): S | undefined {
    const running = this.#take(event);
    if (running === undefined) return undefined;
    running.cells.count.value -= 1;
    return running.series;
  }

  /** Forgets everything: all counts go to 0. */
  clear(): void {
    for (const { cells } of this.#all()) cells.count.value = 0;
    this.#latest.length = 0;
    this.#older.clear();
  }

  /** Sets each of these cells to the age, in milliseconds, of the oldest that is in flight there; 0 when none is. */
  measureAges(cells: readonly ValueCell[]): void {
    this.forgetEnded();
    for (const cell of cells) cell.value = 0;
    const oldest = new Map<ValueCell, Running<S>>();
    for (const running of this.#all()) {
      const { oldestAge } = running.cells;
      const other = oldest.get(oldestAge);
      if (other === undefined || running.at < other.at) oldest.set(oldestAge, running);
    }
    if (oldest.size === 0) return;
    const now = this.#clock.now();
    const monotonic = this.#clock.monotonic();
    for (const [cell, running] of oldest) {
      running.since ??= monotonic - (now > running.at ? now - running.at : 0);
      cell.value = monotonic - running.since;
    }
  }

  #take(event: Event): Running<S> | undefined {
    const index = this.#indexOf(event);
    if (index < 0) {
      if (this.#older.size === 0) return undefined;
      const older = this.#older.get(event);
      if (older !== undefined) this.#older.delete(event);
      return older;
    }
    const found = this.#latest[index];
    const last = this.#latest.pop() as Running<S>;
    if (index < this.#latest.length) this.#latest[index] = last;
    return found;
  }

  #indexOf(event: Event): number {
    const latest = this.#latest;
    let index = latest.length - 1;
    while (index >= 0 && (latest[index] as Running<S>).event !== event) index -= 1;
    return index;
  }

  *#all(): Generator<Running<S>> {
    yield* this.#latest;
    yield* this.#older.values();
  }
}

const latestAtMost = 16;
/** So many older ones are looked through before there may be more. */
const sweepAtLeast = 1024;

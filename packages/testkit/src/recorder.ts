import {
  InvalidOptionsError,
  snapshot,
  type Action,
  type Event,
  type EventOf,
  type EventType,
  type Listener,
} from '@lockscope/core';

import { describeHistory, type Told } from './history.ts';

/** Options of a {@link Recorder}. */
export interface RecorderOptions {
  /** Default `recorder`. */
  readonly name?: string;
  /** What to hear of. Default: everything. */
  readonly types?: readonly EventType[];
  /** How much is kept; what comes beyond it pushes out the oldest, and is counted. Default 10,000. */
  readonly capacity?: number;
}

/**
 * A listener that keeps what it is told, phase by phase, each as it was at that moment. For tests that look at events;
 * it holds no reference to the events themselves.
 */
export class Recorder implements Listener {
  readonly name: string;
  readonly types?: readonly EventType[];
  readonly #capacity: number;
  #told: Told[] = [];
  #dropped = 0;

  /** @throws {InvalidOptionsError} when the capacity is no integer of at least 1. */
  constructor({ name = 'recorder', types, capacity = 10_000 }: RecorderOptions = {}) {
    if (!(Number.isSafeInteger(capacity) && capacity >= 1)) {
      throw new InvalidOptionsError([`capacity must be an integer of at least 1, got ${capacity}`]);
    }
    this.name = name;
    this.#capacity = capacity;
    if (types !== undefined) this.types = types;
  }

  onStart(event: Event): void {
    this.#keep({ phase: 'start', event: snapshot(event) });
  }

  onAction(event: Event, action: Action): void {
    this.#keep({ phase: 'action', event: snapshot(event), action });
  }

  on(event: Event): void {
    this.#keep({ phase: 'end', event: snapshot(event) });
  }

  /** Everything that is kept, in the order in which it was told. */
  get told(): readonly Told[] {
    return this.#told;
  }

  /** How much was pushed out. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Events that have started, as they were then. */
  starts<T extends EventType = EventType>(type?: T): EventOf<T>[] {
    return this.#events('start', type);
  }

  /** Events that have ended. */
  ends<T extends EventType = EventType>(type?: T): EventOf<T>[] {
    return this.#events('end', type);
  }

  /** Actions, as they were recorded. */
  actions(name?: Action['name']): Action[] {
    return this.#told
      .flatMap((told) => (told.phase === 'action' ? [told.action] : []))
      .filter((action) => name === undefined || action.name === name);
  }

  /** The types of the events that have ended, with their outcomes: `['lock.acquire acquired', ...]`. */
  outcomes(): string[] {
    return this.ends().map(({ type, outcome }) => `${type} ${outcome}`);
  }

  /** Forgets what was told so far, and how much was pushed out. */
  clear(): void {
    this.#told = [];
    this.#dropped = 0;
  }

  /** What is kept, a line each. */
  toString(): string {
    return describeHistory(this.#told);
  }

  #events<T extends EventType>(phase: Told['phase'], type: T | undefined): EventOf<T>[] {
    const events = this.#told.filter((told) => told.phase === phase).map(({ event }) => event);
    return events.filter((event) => type === undefined || event.type === type) as EventOf<T>[];
  }

  #keep(told: Told): void {
    if (this.#told.length === this.#capacity) {
      this.#told.shift();
      this.#dropped += 1;
    }
    this.#told.push(Object.freeze(told));
  }
}

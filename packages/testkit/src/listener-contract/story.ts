import type { EventClock, EventInit, EventType, ListenerSet, OpenEvent } from '@lockscope/core';

/** A clock that a story moves by hand. */
export class StoryClock implements EventClock {
  #now = 0;

  now(): number {
    return Date.UTC(2026, 0, 1) + this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  pass(ms: number): void {
    this.#now += ms;
  }
}

/** Who tells a story: begins events that a listener hears of. */
export class Teller {
  readonly clock: StoryClock;
  readonly #listeners: ListenerSet;

  constructor(listeners: ListenerSet, clock: StoryClock) {
    this.#listeners = listeners;
    this.clock = clock;
  }

  /** Begins a tree. The teller has a listener of its own that wants every type, so there is always one. */
  begin<T extends EventType>(type: T, more: Partial<EventInit> = {}): OpenEvent<T> {
    const init: EventInit = {
      lockName: 'orders/{id}',
      lockKey: 'orders/42',
      ownerId: 'teller',
      operation: 'POST /orders',
      storageName: 'memory',
      ...more,
    };
    return there(this.#listeners.begin(type, init));
  }

  child<T extends EventType>(parent: OpenEvent, type: T): OpenEvent<T> {
    return there(parent.child(type));
  }
}

function there<T extends EventType>(event: OpenEvent<T> | undefined): OpenEvent<T> {
  if (event === undefined) throw new Error('nobody listens to the story');
  return event;
}

/** A sequence of events with a name. */
export interface Story {
  readonly name: string;
  readonly tell: (teller: Teller) => void;
}

import { Audience, Seat } from './audience.ts';
import type { EventType } from './catalogue/event-types.ts';
import { beginTree } from './event-tree.ts';
import { toEventError } from './event-error.ts';
import type { Listener, ListenerFault, ListenerInput, ListenerStats } from './listener.ts';
import type { EventClock, EventInit, OpenEvent } from './open-event.ts';
import { join } from './registered-listeners.ts';
import type { Removal } from './removal.ts';

/** Options of a {@link ListenerSet}. */
export interface ListenerSetOptions {
  readonly listeners?: Iterable<ListenerInput>;
  /** Told of every fault of a listener. Default: one process warning for each listener. */
  readonly onListenerError?: (fault: ListenerFault) => void;
  /** Default: `Date.now()` and `performance.now()`. */
  readonly clock?: EventClock;
}

/**
 * The listeners of something that tells events. `begin` starts a tree for those who listen at that moment; who is
 * added later hears of the trees that begin later, who is removed hears nothing more.
 */
export class ListenerSet {
  readonly #onListenerError: (fault: ListenerFault) => void;
  readonly #clock: EventClock;
  #seats: readonly Seat[] = [];
  #audience: Audience | undefined;

  constructor(options: ListenerSetOptions = {}) {
    this.#onListenerError = options.onListenerError ?? warnOnce;
    this.#clock = options.clock ?? systemEventClock;
    for (const listener of options.listeners ?? []) this.add(listener);
    join(this);
  }

  /** Adds a listener; returns the way out. Adding the same object twice makes it hear everything twice. */
  add(input: ListenerInput): Removal {
    const seat = new Seat(toListener(input), this.#freeName(input));
    const seats = [...this.#seats, seat];
    this.#audience = new Audience(seats, this.#onListenerError);
    this.#seats = seats;
    const remove = (): void => {
      if (seat.removed) return;
      seat.removed = true;
      this.#seats = this.#seats.filter((other) => other !== seat);
      this.#audience = this.#seats.length === 0 ? undefined : new Audience(this.#seats, this.#onListenerError);
    };
    return Object.assign(remove, { [Symbol.dispose]: remove });
  }

  /** Starts a tree, and tells it; undefined, at the price of one comparison, when nobody wants to hear of it. */
  begin<T extends EventType>(type: T, init: EventInit): OpenEvent<T> | undefined {
    const audience = this.#audience;
    const hearing = audience?.hearing(type);
    if (audience === undefined || hearing === undefined) return undefined;
    return beginTree(audience, this.#clock, type, hearing, init);
  }

  /** True when somebody wants to hear of this type, or of something below it. */
  wants(type: EventType): boolean {
    return this.#audience?.hearing(type) !== undefined;
  }

  get size(): number {
    return this.#seats.length;
  }

  /** Every listener with its faults so far. */
  stats(): ListenerStats[] {
    return this.#seats.map(({ name, faults }) => ({ name, faults }));
  }

  #freeName(input: ListenerInput): string {
    const wanted = input.name === '' ? 'anonymous' : input.name;
    const taken = new Set(this.#seats.map(({ name }) => name));
    let name = wanted;
    for (let n = 2; taken.has(name); n += 1) name = `${wanted}#${n}`;
    return name;
  }
}

// Looked up once: the global is a getter that costs as much as the call.
const { performance: timer } = globalThis;
const systemEventClock: EventClock = { now: () => Date.now(), monotonic: () => timer.now() };

function toListener(input: ListenerInput): Listener {
  if (typeof input === 'function') return { name: input.name === '' ? 'anonymous' : input.name, on: input };
  if (typeof input !== 'object' || input === null || typeof input.name !== 'string') {
    throw new TypeError(`a listener is a function or an object with a name, got ${typeof input}`);
  }
  return input;
}

function warnOnce({ listener, phase, error, count }: ListenerFault): void {
  if (count > 1) return;
  const { name, message } = toEventError(error);
  const text = `Lockscope: listener "${listener}" failed in ${phase}; the lock is not affected, further faults of it are only counted: ${name}: ${message}`;
  const { process } = globalThis as { process?: { emitWarning?: (text: string, type: string) => void } };
  if (process?.emitWarning === undefined) console.warn(text);
  else process.emitWarning(text, 'LockscopeListenerWarning');
}

import type { Action } from './action.ts';
import { eventTypes, type EventType } from './catalogue/event-types.ts';
import { beginTree } from './event-tree.ts';
import { toEventError } from './event-error.ts';
import type { Event } from './event.ts';
import { guard } from './guard.ts';
import { isObject } from './is-object.ts';
import type { Listener, ListenerFault, ListenerInput, ListenerStats } from './listener.ts';
import type { EventClock, EventInit, OpenEvent } from './open-event.ts';
import { parseTraceparent } from './traceparent.ts';
import { Turn } from './turn.ts';

/** Options of a {@link ListenerSet}. */
export interface ListenerSetOptions {
  readonly listeners?: Iterable<ListenerInput>;
  /** Told of every fault of a listener. Default: one process warning for each listener. */
  readonly onListenerError?: (fault: ListenerFault) => void;
  /** Default: `Date.now()` and `performance.now()`. */
  readonly clock?: EventClock;
}

/** The way out that {@link ListenerSet.add} returns: call it, or use it with `using`. */
export interface Removal {
  (): void;
  [Symbol.dispose](): void;
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

/** @internal Who wants to hear what of one type of event. */
export interface Hearing {
  readonly on: readonly Seat[];
  readonly onStart: readonly Seat[];
  readonly onAction: readonly Seat[];
}

/** @internal One listener in one set. */
export class Seat {
  readonly listener: Listener;
  readonly name: string;
  faults = 0;
  removed = false;

  constructor(listener: Listener, name: string) {
    this.listener = listener;
    this.name = name;
  }
}

const nobody: Hearing = { on: [], onStart: [], onAction: [] };

/** @internal The listeners of a set at one moment, sorted by what they want; every call to them is guarded here. */
export class Audience {
  readonly #seats: readonly Seat[];
  readonly #report: (fault: ListenerFault) => void;
  readonly #hearings = new Map<EventType, Hearing>();
  readonly #around: readonly Seat[];
  readonly #traceparent: readonly Seat[];
  readonly #onFault: readonly Seat[];

  constructor(seats: readonly Seat[], report: (fault: ListenerFault) => void) {
    this.#seats = seats;
    this.#report = report;
    this.#around = seats.filter(({ listener }) => typeof listener.around === 'function');
    this.#traceparent = seats.filter(({ listener }) => typeof listener.traceparent === 'function');
    this.#onFault = seats.filter(({ listener }) => typeof listener.onFault === 'function');
    for (const type of Object.keys(eventTypes) as EventType[]) this.#admit(type);
  }

  #admit(type: EventType): void {
    const wanting = (method: 'on' | 'onStart' | 'onAction'): Seat[] =>
      this.#seats.filter(({ listener }) => typeof listener[method] === 'function' && wants(listener, type));
    const hearing: Hearing = { on: wanting('on'), onStart: wanting('onStart'), onAction: wanting('onAction') };
    if (hearing.on.length + hearing.onStart.length + hearing.onAction.length > 0) {
      this.#hearings.set(type, hearing);
      this.#keepParents(type);
    } else if (eventTypes[type].parent === undefined && this.#isAsked(type)) this.#hearings.set(type, nobody);
  }

  /** A listener that is only asked, and told nothing, needs the root that it is asked about. */
  #isAsked(type: EventType): boolean {
    return [...this.#around, ...this.#traceparent].some(({ listener }) => wants(listener, type));
  }

  /** A type that somebody hears of needs all that it hangs on, so that its tree has its parents. */
  #keepParents(type: EventType): void {
    for (const parent of [eventTypes[type].parent ?? []].flat()) {
      if (!this.#hearings.has(parent)) this.#hearings.set(parent, nobody);
      this.#keepParents(parent);
    }
  }

  /** Undefined when nobody wants to hear of this type, nor of anything below it. */
  hearing(type: EventType): Hearing | undefined {
    return this.#hearings.get(type);
  }

  tellStart(seats: readonly Seat[], event: Event): void {
    for (const seat of seats) {
      if (seat.removed) continue;
      try {
        this.#settle(seat, event, 'onStart', seat.listener.onStart?.(event));
      } catch (error) {
        this.#fault(seat, 'onStart', error, event.type);
      }
    }
  }

  tellAction(seats: readonly Seat[], event: Event, action: Action): void {
    for (const seat of seats) {
      if (seat.removed) continue;
      try {
        this.#settle(seat, event, 'onAction', seat.listener.onAction?.(event, action));
      } catch (error) {
        this.#fault(seat, 'onAction', error, event.type);
      }
    }
  }

  tellEnd(seats: readonly Seat[], event: Event): void {
    for (const seat of seats) {
      if (seat.removed) continue;
      try {
        this.#settle(seat, event, 'on', seat.listener.on?.(event));
      } catch (error) {
        this.#fault(seat, 'on', error, event.type);
      }
    }
  }

  around<R>(event: Event, fn: () => R): R {
    let run = fn;
    for (const seat of this.#around) {
      if (!seat.removed && wants(seat.listener, event.type)) run = this.#guardAround(seat, event, run);
    }
    return run();
  }

  traceparent(event: Event): string | undefined {
    for (const seat of this.#traceparent) {
      if (seat.removed || !wants(seat.listener, event.type)) continue;
      try {
        const offered = seat.listener.traceparent?.(event);
        if (parseTraceparent(offered) !== undefined) return offered;
        this.#settle(seat, event, 'traceparent', offered);
      } catch (error) {
        this.#fault(seat, 'traceparent', error, event.type);
      }
    }
    return undefined;
  }

  /** `fn` runs exactly once and its result is what counts, whatever the listener does around it. */
  #guardAround<R>(seat: Seat, event: Event, fn: () => R): () => R {
    return () => {
      const turn = new Turn(fn);
      try {
        const given: unknown = seat.listener.around?.(event, turn.take);
        if (!turn.taken) throw new Error('around() did not call the function that it was given');
        if (!turn.gave(given)) this.#settle(seat, event, 'around', given, turn);
      } catch (error) {
        if (!turn.threw(error)) this.#fault(seat, 'around', error, event.type);
      }
      return turn.take();
    };
  }

  /** A listener may give a promise; nobody waits for it, but its rejection is a fault like any other. */
  #settle(seat: Seat, event: Event, phase: ListenerFault['phase'], given: unknown, turn?: Turn<unknown>): void {
    if (given === undefined || !isObject(given)) return;
    Promise.resolve(given).catch(async (error: unknown) => {
      if ((await turn?.rejectedWith(error)) !== true) this.#fault(seat, phase, error, event.type);
    });
  }

  #fault(seat: Seat, phase: ListenerFault['phase'], error: unknown, eventType: EventType): void {
    const fault = this.#count(seat, phase, error, eventType);
    for (const other of this.#onFault) {
      if (other === seat || other.removed) continue;
      // A fault in being told of faults is reported too, but not told to listeners again: that would have no end.
      guard(
        () => other.listener.onFault?.(fault),
        (thrown) => this.#count(other, 'onFault', thrown, eventType),
      );
    }
  }

  #count(seat: Seat, phase: ListenerFault['phase'], error: unknown, eventType: EventType): ListenerFault {
    seat.faults += 1;
    const fault: ListenerFault = Object.freeze({ listener: seat.name, phase, error, eventType, count: seat.faults });
    guard(
      () => this.#report(fault),
      () => {
        // Who reports faults is an observer too: it is counted with the listener and reaches nobody.
        seat.faults += 1;
      },
    );
    return fault;
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

function wants({ types }: Listener, type: EventType): boolean {
  return types === undefined || types.includes(type);
}

function warnOnce({ listener, phase, error, count }: ListenerFault): void {
  if (count > 1) return;
  const { name, message } = toEventError(error);
  const text = `Lockscope: listener "${listener}" failed in ${phase}; the lock is not affected, further faults of it are only counted: ${name}: ${message}`;
  const { process } = globalThis as { process?: { emitWarning?: (text: string, type: string) => void } };
  if (process?.emitWarning === undefined) console.warn(text);
  else process.emitWarning(text, 'LockscopeListenerWarning');
}

import type { Action } from './action.ts';
import { eventTypes, type EventType } from './catalogue/event-types.ts';
import type { Event } from './event.ts';
import { guard } from './guard.ts';
import { isObject } from './is-object.ts';
import type { Listener, ListenerFault } from './listener.ts';
import { isTraceparent } from './traceparent.ts';
import { Turn } from './turn.ts';

/** @internal Who is told and who is asked what, of one type of event. */
export type Hearing = Readonly<Record<(typeof told)[number] | (typeof asked)[number], readonly Seat[]>>;

const told = ['on', 'onStart', 'onAction'] as const;
const asked = ['around', 'traceparent'] as const;

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

/** @internal The listeners of a set at one moment, sorted by what they want; every call to them is guarded here. */
export class Audience {
  readonly #seats: readonly Seat[];
  readonly #report: (fault: ListenerFault) => void;
  readonly #hearings = new Map<EventType, Hearing>();
  readonly #onFault: readonly Seat[];

  constructor(seats: readonly Seat[], report: (fault: ListenerFault) => void) {
    this.#seats = seats;
    this.#report = report;
    this.#onFault = seats.filter(({ listener }) => typeof listener.onFault === 'function');
    for (const type of Object.keys(eventTypes) as EventType[]) this.#admit(type);
  }

  #admit(type: EventType): void {
    const hearing = this.#sort(type);
    const wanted = told.some((method) => hearing[method].length > 0);
    // Who is only asked, and told nothing, needs the root that it is asked about.
    const root = eventTypes[type].parent === undefined && asked.some((method) => hearing[method].length > 0);
    if (wanted || root) this.#hearings.set(type, hearing);
    if (wanted) this.#keepParents(type);
  }

  #sort(type: EventType): Hearing {
    const able = (method: keyof Hearing): Seat[] =>
      this.#seats.filter(
        ({ listener }) => typeof listener[method] === 'function' && (listener.types?.includes(type) ?? true),
      );
    return {
      on: able('on'),
      onStart: able('onStart'),
      onAction: able('onAction'),
      around: able('around'),
      traceparent: able('traceparent'),
    };
  }

  /** A type that somebody hears of needs all that it hangs on, so that its tree has its parents. */
  #keepParents(type: EventType): void {
    for (const parent of [eventTypes[type].parent ?? []].flat()) {
      if (!this.#hearings.has(parent)) this.#hearings.set(parent, this.#sort(parent));
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

  around<R>(seats: readonly Seat[], event: Event, fn: () => R): R {
    let run = fn;
    for (const seat of seats) {
      if (!seat.removed) run = this.#guardAround(seat, event, run);
    }
    return run();
  }

  traceparent(seats: readonly Seat[], event: Event): string | undefined {
    for (const seat of seats) {
      if (seat.removed) continue;
      try {
        const offered = seat.listener.traceparent?.(event);
        if (isTraceparent(offered)) return offered;
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

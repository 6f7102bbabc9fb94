import {
  encodeEvent,
  InvalidOptionsError,
  toWire,
  unknownOptions,
  type Event,
  type EventType,
  type Listener,
  type WireEvent,
} from '@lockscope/core';

import type { Closable, Closed, CloseOptions } from '../closable.ts';
import { done, harmless } from '../internal/done.ts';
import { QueueFullError } from './queue-full-error.ts';
import type { Sink } from './sink.ts';

/** In which form a sink gets lock events: as they are, as the plain object of the wire form, or as its JSON text. */
export interface EventForms {
  event: Event;
  wire: WireEvent;
  json: string;
}

/** Options of {@link asListener}. */
export interface AsListenerOptions<Form extends keyof EventForms = 'event'> {
  /** Shows up in fault reports. Default `sink`. */
  readonly name?: string;
  /** What is sent on; all types when absent. */
  readonly types?: readonly EventType[];
  /** Default `event`: the event itself, which has ended and never changes. */
  readonly form?: Form;
  /**
   * How many writes may be under way, because a lock does not wait for a sink: what comes when so many are is dropped.
   * Default 10,000. Behind a queue that does not wait there is never one.
   */
  readonly maxPending?: number;
  /** Told of every event that did not get into the sink, with the reason. */
  readonly onDrop?: (event: Event, error: unknown) => void;
}

const known = new Set(['name', 'types', 'form', 'maxPending', 'onDrop']);

/** A listener that writes into a sink. Hang it on a lock like any other. */
export interface SinkListener extends Listener, Closable {
  /** Writes under way. */
  readonly pending: number;
  /** Events that the sink has taken. */
  readonly written: number;
  /** Events that it has not. */
  readonly dropped: number;
}

/**
 * Hangs a sink, or a chain of them, on a lock: every event is written there when it has ended. The lock waits for
 * nothing; a write that fails is counted, told to `onDrop`, and is a fault of this listener. Closing it closes the sink.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong, its value and the bound.
 */
export function asListener<Form extends keyof EventForms = 'event'>(
  sink: Sink<EventForms[Form]>,
  options: AsListenerOptions<Form> = {},
): SinkListener {
  const { form = 'event' as Form, maxPending = 10_000 } = options;
  const problems = unknownOptions(options, known);
  if (!Object.hasOwn(forms, form)) problems.push(`form must be event, wire, json, got ${form}`);
  if (!(maxPending === Infinity || (Number.isSafeInteger(maxPending) && maxPending >= 1)))
    problems.push(`maxPending must be an integer of at least 1 or Infinity, got ${String(maxPending)}`);
  if (problems.length > 0) throw new InvalidOptionsError(problems);
  return new AsListener(sink, forms[form], maxPending, options);
}

const forms: { readonly [Form in keyof EventForms]: (event: Event) => EventForms[Form] } = {
  event: (event) => event,
  wire: toWire,
  json: encodeEvent,
};

class AsListener implements SinkListener {
  readonly name: string;
  readonly types?: readonly EventType[];
  readonly #sink: Sink<unknown>;
  readonly #form: (event: Event) => unknown;
  readonly #maxPending: number;
  readonly #onDrop: ((event: Event, error: unknown) => void) | undefined;
  #pending = 0;
  #written = 0;
  #dropped = 0;
  #closed = false;

  constructor(
    sink: Sink<unknown>,
    form: (event: Event) => unknown,
    maxPending: number,
    { name = 'sink', types, onDrop }: AsListenerOptions<keyof EventForms>,
  ) {
    this.name = name;
    if (types !== undefined) this.types = types;
    this.#sink = sink;
    this.#form = form;
    this.#maxPending = maxPending;
    this.#onDrop = onDrop;
  }

  get pending(): number {
    return this.#pending;
  }
  get written(): number {
    return this.#written;
  }
  get dropped(): number {
    return this.#dropped;
  }

  on(event: Event): void | Promise<void> {
    // To be told something after the end is no fault, and nobody is waiting for it.
    if (this.#closed) {
      this.#dropped += 1;
      return;
    }
    let write: Promise<void>;
    try {
      if (this.#pending >= this.#maxPending) throw new QueueFullError(this.#maxPending);
      write = this.#sink.write(this.#form(event));
    } catch (error) {
      this.#drop(event, error);
      throw error;
    }
    if (write === done) {
      this.#written += 1;
      return;
    }
    return this.#wait(event, write);
  }

  close(options?: CloseOptions): Promise<Closed> {
    this.#closed = true;
    return this.#sink.close(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #wait(event: Event, write: Promise<void>): Promise<void> {
    this.#pending += 1;
    try {
      await write;
      this.#written += 1;
    } catch (error) {
      this.#drop(event, error);
      throw error;
    } finally {
      this.#pending -= 1;
    }
  }

  #drop(event: Event, error: unknown): void {
    this.#dropped += 1;
    if (this.#onDrop !== undefined) harmless(() => this.#onDrop?.(event, error));
  }
}

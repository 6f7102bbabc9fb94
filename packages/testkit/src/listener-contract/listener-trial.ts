import assert from 'node:assert/strict';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import { ListenerSet, type Action, type Event, type Listener, type ListenerFault } from '@lockscope/core';

import type { CheckedListenerOptions, ListenerSetup } from './options.ts';
import { StoryClock, Teller, type Story } from './story.ts';

type Method = 'on' | 'onStart' | 'onAction';

/** One run of one case: a fresh listener in a set of its own, and everything that went wrong with it. */
export class ListenerTrial {
  readonly setup: ListenerSetup;
  readonly options: CheckedListenerOptions;
  readonly listeners: ListenerSet;
  readonly teller: Teller;
  /** Texts, because an error keeps alive whatever was on the stack. */
  readonly faults: string[] = [];
  readonly rejections: string[] = [];
  /** The listener, with a stop watch before each of its methods. */
  readonly timed: Listener;
  /** Takes the listener out of its set. */
  readonly remove: () => void;
  /** Events that ended and that the listener has to account for. */
  expected = 0;
  longestMs = 0;
  calls = 0;

  /** Events that read differently after the listener had been told of them. */
  readonly changes: string[] = [];

  private constructor(setup: ListenerSetup, options: CheckedListenerOptions) {
    this.setup = setup;
    this.options = options;
    const clock = new StoryClock();
    const counter: Listener = { name: 'counter', on: (event) => this.#expect(event) };
    this.listeners = new ListenerSet({
      clock,
      listeners: [counter],
      onListenerError: (fault) => this.faults.push(describe(fault)),
    });
    this.timed = this.#timed(setup.listener);
    this.remove = this.listeners.add(this.timed);
    this.teller = new Teller(this.listeners, clock);
  }

  /** Makes a listener, runs the case on it, and ends it. */
  static async run(options: CheckedListenerOptions, body: (trial: ListenerTrial) => unknown): Promise<void> {
    const setup = await options.create();
    const trial = new ListenerTrial(setup, options);
    const release = catchRejections(trial.rejections);
    try {
      await body(trial);
    } finally {
      await trial.settled();
      await trial.close().catch(() => undefined);
      release();
      await options.dispose?.(setup);
    }
  }

  tell(...told: readonly Story[]): void {
    for (const { tell } of told) tell(this.teller);
  }

  /** Calls a method of the listener as a queue does that has dropped other calls. */
  deliver(method: Method, event: Event, action?: Action): void {
    if (method === 'on') this.#expect(event);
    const { listener } = this.setup;
    if (typeof listener[method] !== 'function' || listener.types?.includes(event.type) === false) return;
    const fault = (error: unknown): void => {
      this.faults.push(describe({ listener: listener.name, phase: method, error, eventType: event.type, count: 1 }));
    };
    try {
      const given: unknown =
        method === 'onAction' ? listener.onAction?.(event, action as Action) : listener[method]?.(event);
      if (given !== undefined) Promise.resolve(given).catch(fault);
    } catch (error) {
      fault(error);
    }
  }

  /** Promises that hang on promises have settled, and rejections that nobody handles have been told. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
  }

  /** Lets the listener deliver what it keeps; one that does not settle is left behind. True when it settled in time. */
  async flush(): Promise<boolean> {
    await this.settled();
    const { setup } = this;
    const inTime = await this.#inTime(setup.flush === undefined ? own(setup.listener, 'flush') : setup.flush());
    await this.settled();
    return inTime;
  }

  /** Ends the listener. True when it settled in time. */
  close(): Promise<boolean> {
    const { setup } = this;
    return this.#inTime(setup.close === undefined ? own(setup.listener, 'close') : setup.close());
  }

  hasNoFault(): void {
    const { length } = this.faults;
    assert.equal(length, 0, `the listener failed ${length} times: ${this.faults.slice(0, 3).join('; ')}`);
    assert.deepEqual(this.rejections.slice(0, 3), [], 'the listener left rejections that nobody handles');
  }

  async #inTime(given: unknown): Promise<boolean> {
    const stop = new AbortController();
    const late = sleep(this.options.settleMs, false, stop).catch(() => false);
    const done = (async () => {
      await given;
      return true;
    })();
    return Promise.race([done, late]).finally(() => stop.abort());
  }

  #expect(event: Event): void {
    const wanted = this.setup.listener.types?.includes(event.type) ?? true;
    if (wanted && this.options.accounts(event)) this.expected += 1;
  }

  #timed(listener: Listener): Listener {
    const timed = <A extends readonly unknown[], R>(call: (...given: A) => R): ((...given: A) => R) => {
      return (...given) => {
        this.calls += 1;
        const from = performance.now();
        try {
          return call(...given);
        } finally {
          this.longestMs = Math.max(this.longestMs, performance.now() - from);
        }
      };
    };
    const { name, types } = listener;
    return {
      name,
      ...(types !== undefined && { types }),
      ...(listener.on !== undefined && { on: timed((event: Event) => listener.on?.(event)) }),
      ...(listener.onStart !== undefined && { onStart: timed((event: Event) => listener.onStart?.(event)) }),
      ...(listener.onAction !== undefined && {
        onAction: timed((event: Event, action: Action) => listener.onAction?.(event, action)),
      }),
      ...(listener.onFault !== undefined && { onFault: timed((fault: ListenerFault) => listener.onFault?.(fault)) }),
      ...(listener.around !== undefined && {
        around: <T>(event: Event, fn: () => T): T => listener.around?.(event, fn) as T,
      }),
      ...(listener.traceparent !== undefined && {
        traceparent: timed((event: Event) => listener.traceparent?.(event)),
      }),
    };
  }
}

function describe({ listener, phase, eventType, error }: ListenerFault): string {
  return `${listener}.${phase} of ${eventType}: ${textOf(error)}`;
}

/** Not the stack: there are thousands, and making its text costs more than all the rest. */
function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return 'something that cannot be read';
  }
}

function own(listener: Listener, method: 'flush' | 'close'): unknown {
  const run = (listener as unknown as Record<string, unknown>)[method];
  return typeof run === 'function' ? (run.call(listener) as unknown) : undefined;
}

/** A test runner takes a rejection that nobody handles for its own failure, so it must not hear of these. */
function catchRejections(into: string[]): () => void {
  const others = process.listeners('unhandledRejection');
  const note = (reason: unknown): void => void into.push(textOf(reason));
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', note);
  return () => {
    process.off('unhandledRejection', note);
    for (const other of others) process.on('unhandledRejection', other);
  };
}

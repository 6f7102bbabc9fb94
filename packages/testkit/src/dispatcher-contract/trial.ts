import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import type {
  DeadLetter,
  Dispatcher,
  DispatchOptions,
  DroppedEvent,
  FaultPlace,
  TopicHandler,
  EventContext,
  TopicHandlerOptions,
} from '@lockscope/delivery';

import type { CheckedDispatcherOptions, DispatcherDemands } from './options.ts';

/** A case before it is bound to a dispatcher. */
export interface DispatcherScript {
  readonly name: string;
  /** What it asks of the dispatcher beside the hooks. */
  readonly demands?: Pick<DispatcherDemands, 'maxQueued' | 'parallel'>;
  /** Only for dispatchers that can this. */
  readonly needs?: readonly ('delays' | 'ids' | 'limits')[];
  readonly body: (trial: DispatcherTrial) => Promise<void>;
}

/** One call of a handler. */
export interface Call {
  readonly event: unknown;
  readonly context: EventContext;
  readonly at: number;
}

/** One case: a dispatcher, and what it told. */
export class DispatcherTrial {
  readonly options: CheckedDispatcherOptions;
  readonly dead: DeadLetter[] = [];
  readonly drops: DroppedEvent[] = [];
  readonly faults: { readonly error: unknown; readonly place: FaultPlace }[] = [];
  #dispatcher: Dispatcher | undefined;
  #gates: (() => void)[] = [];

  private constructor(options: CheckedDispatcherOptions) {
    this.options = options;
  }

  static async run(
    options: CheckedDispatcherOptions,
    { body, demands }: Pick<DispatcherScript, 'body' | 'demands'>,
  ): Promise<void> {
    const trial = new DispatcherTrial(options);
    const { dispatcher, dispose } = await options.create({
      ...demands,
      onDead: (letter) => void trial.dead.push(letter),
      onDrop: (dropped) => void trial.drops.push(dropped),
      onError: (error, place) => void trial.faults.push({ error, place }),
    });
    trial.#dispatcher = dispatcher;
    const unhandled: unknown[] = [];
    const before = process.listeners('unhandledRejection');
    const catching = (error: unknown): void => void unhandled.push(error);
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', catching);
    try {
      await body(trial);
      await sleep(0);
      assert.deepEqual(unhandled, [], 'no rejection is left unhandled');
    } finally {
      trial.open();
      await dispatcher.close({ drain: 'none', signal: AbortSignal.timeout(options.withinMs) }).catch(() => undefined);
      process.removeListener('unhandledRejection', catching);
      for (const listener of before) process.on('unhandledRejection', listener);
      await dispose?.();
    }
  }

  get dispatcher(): Dispatcher {
    assert.ok(this.#dispatcher);
    return this.#dispatcher;
  }

  /** Registers a handler that notes its calls; what `then` does comes after. */
  async handles(
    topic: string,
    name: string,
    then: TopicHandler<unknown> = () => undefined,
    options: TopicHandlerOptions = {},
  ): Promise<Call[]> {
    const calls: Call[] = [];
    const handler: TopicHandler<unknown> = (event, context) => {
      calls.push({ event, context, at: performance.now() });
      return then(event, context);
    };
    this.dispatcher.register(topic, handler, { name, ...options });
    await this.dispatcher.ready();
    return calls;
  }

  dispatch(topic: string, event: unknown, options?: DispatchOptions): Promise<string> {
    return this.dispatcher.dispatch(topic, event, options);
  }

  /** What a handler can wait for until `open` is called, or its signal aborts. */
  shut(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#gates.push(resolve);
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  open(): void {
    for (const gate of this.#gates.splice(0)) gate();
  }

  /** Resolves when it is so; fails when it does not become so. */
  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + this.options.withinMs;
    while (!(await isSo())) {
      assert.ok(performance.now() < deadline, `${what}, within ${this.options.withinMs} ms`);
      await sleep(2);
    }
  }

  /** Time in which what must not happen would happen. */
  async quiet(): Promise<void> {
    await sleep(this.options.quietMs);
  }

  /** Fails when the promise is not settled in time. */
  async settles<T>(what: string, promise: Promise<T>): Promise<T> {
    const waiting = new AbortController();
    const late = sleep(this.options.withinMs, undefined, { signal: waiting.signal }).then(
      () => assert.fail(`${what}, within ${this.options.withinMs} ms`),
      () => undefined as never,
    );
    try {
      return await Promise.race([promise, late]);
    } finally {
      waiting.abort();
    }
  }

  /** Fails unless the promise rejects with this code. */
  async refuses(code: string, what: string, promise: Promise<unknown>): Promise<void> {
    const end = await promise.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    assert.ok('error' in end, `${what} is refused`);
    assert.equal((end.error as { readonly code?: unknown }).code, code, what);
  }
}

/** A strategy that waits hardly at all. */
export const soon = (): number => 5;

/** A handler that never succeeds. */
export function always(): never {
  throw new Error('always');
}

/** A handler that fails events that are bad. */
export function failsBad(event: unknown): void {
  if (event === 'bad') throw new Error('bad');
}

/** A handler that fails what it has for the first time. */
export function failsFirst(_: unknown, { attempt }: Pick<EventContext, 'attempt'>): void {
  if (attempt === 1) throw new Error('not at first');
}

/** The n-th call, which has to be there. */
export function nth(calls: readonly Call[], n: number): Call {
  const call = calls[n];
  assert.ok(call, `call ${n} was made`);
  return call;
}

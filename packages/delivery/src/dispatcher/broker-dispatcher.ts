import { InvalidOptionsError, type Removal, unknownOptions } from '@lockscope/core';

import { BrokerCapabilityError } from '../broker/broker-errors.ts';
import type { Broker } from '../broker/broker.ts';
import type { Closed } from '../closable.ts';
import { BrokerHandler, idHeader } from './broker-handler.ts';
import { checkDispatch, checkHandler, checkHooks, whole } from './checks.ts';
import { ClosingState } from './closing-state.ts';
import { zeroCounts } from './counts.ts';
import { DeadLetterBox, type WhenFull } from './dead-letter-box.ts';
import type {
  DeadLetter,
  DeadLetterFilter,
  Dispatcher,
  DispatcherCloseOptions,
  DispatcherCounters,
  DispatcherHooks,
  DispatchOptions,
  FaultPlace,
  TopicHandler,
  TopicHandlerOptions,
} from './dispatcher.ts';
import { DispatcherClosedError, DuplicateHandlerNameError, NoHandlerFoundError } from './errors.ts';
import { eventIds } from './event-ids.ts';
import { Gate } from './gate.ts';
import { removal } from './removal.ts';
import { stableStringify } from './stable-json.ts';
import { tell } from './tell.ts';

/** Options of {@link brokerDispatcher}. */
export interface BrokerDispatcherOptions extends DispatcherHooks {
  /** Dispatchers of one name on one broker are one: letters, digits, `_` and `-`, at most 30. Default `dispatch`. */
  readonly name?: string | undefined;
  /** Topics that other processes handle: they are dispatched to although nobody handles them here. Default none. */
  readonly elsewhere?: readonly string[] | undefined;
  /** How many attempts of one topic may run at once in this process. Default 40. */
  readonly parallel?: number | undefined;
  /** How many dead letters are kept in this process. Put them away in `onDead` where they have to outlive it. Default 1,000. */
  readonly maxDead?: number | undefined;
  /** Which dead letter goes when there is no room: the oldest (default) or the new one. It is told to `onDrop`. */
  readonly whenDeadFull?: WhenFull | undefined;
}

const known = new Set(['name', 'elsewhere', 'parallel', 'maxDead', 'whenDeadFull', 'onDead', 'onDrop', 'onError']);

/**
 * A dispatcher over a broker: what is not handled is with the broker, and outlives this process where the broker does.
 * Each handler is a group of its own, so that what one fails is not done again by another; handlers need names, and those
 * of one name in several processes share the events.
 *
 * A broker cannot hold back: a dispatch with a delay is refused with a `BrokerCapabilityError`. Nor does it say how many
 * events wait, so there is no queue limit; and an id is known again only as far as the broker knows ids. The broker stays
 * open when the dispatcher is closed.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong, its value and the bound.
 */
export function brokerDispatcher<Topics extends object = Record<string, unknown>>(
  broker: Broker,
  options: BrokerDispatcherOptions = {},
): Dispatcher<Topics> {
  return new BrokerDispatcher(broker, options) as Dispatcher<Topics>;
}

class BrokerDispatcher implements Dispatcher {
  readonly name: string;
  readonly #broker: Broker;
  readonly #options: BrokerDispatcherOptions;
  readonly #parallel: number;
  readonly #elsewhere: ReadonlySet<string>;
  readonly #handlers = new Set<BrokerHandler>();
  readonly #gates = new Map<string, Gate>();
  readonly #publishing = new Set<Promise<unknown>>();
  readonly #dead: DeadLetterBox;
  readonly #counts = zeroCounts();
  readonly #closing = new ClosingState();
  readonly #nextId = eventIds();

  constructor(broker: Broker, options: BrokerDispatcherOptions) {
    const { name = 'dispatch', elsewhere = [], parallel = 40, maxDead = 1_000, whenDeadFull = 'drop_oldest' } = options;
    const problems = unknownOptions(options, known);
    if (!/^[\w-]{1,30}$/.test(name))
      problems.push(`name must be 1 to 30 letters, digits, _ or -, got ${JSON.stringify(name)}`);
    whole('parallel', parallel, 1, problems);
    whole('maxDead', maxDead, 0, problems);
    checkHooks(options, problems);
    if (problems.length > 0) throw new InvalidOptionsError(problems);
    this.name = name;
    this.#broker = broker;
    this.#options = options;
    this.#parallel = parallel;
    this.#elsewhere = new Set(elsewhere);
    this.#dead = new DeadLetterBox(maxDead, whenDeadFull, ({ id, topic, handler, event }) => {
      this.#counts.dropped += 1;
      tell(options.onDrop, this.#countHookFault, { id, topic, handler, event, reason: 'dead_letters_full' });
    });
  }

  async dispatch(topic: string, event: unknown, options: DispatchOptions = {}): Promise<string> {
    const delayMs = checkDispatch(topic, event, options);
    options.signal?.throwIfAborted();
    if (this.#closing.begun) throw new DispatcherClosedError(this.name);
    const handled = this.#elsewhere.has(topic) || [...this.#handlers].some((handler) => handler.topic === topic);
    if (!handled) throw new NoHandlerFoundError(topic);
    if (delayMs > 0) throw new BrokerCapabilityError(this.#broker.name, 'delays');
    // Handlers that were registered before this call get the event.
    await this.ready();
    const id = options.id ?? this.#nextId();
    await this.#publish(this.#subject(topic), event, id, `${word(topic)}-${id}`, options.signal);
    this.#counts.accepted += 1;
    return id;
  }

  register(topic: string, handler: TopicHandler<never>, options: TopicHandlerOptions<never> = {}): Removal {
    const given = handler as TopicHandler<unknown>;
    const checked = checkHandler<unknown>(topic, given, options as object, this.#parallel);
    const { name } = checked;
    if (name === undefined) throw new InvalidOptionsError(['name must be given: events wait for it']);
    if (this.#closing.begun) throw new DispatcherClosedError(this.name);
    for (const other of this.#handlers)
      if (other.topic === topic && other.name === name) throw new DuplicateHandlerNameError(topic, name);
    const gate = this.#gates.get(topic) ?? new Gate(this.#parallel);
    this.#gates.set(topic, gate);
    const subjects = [this.#subject(topic), this.#again(topic, name)];
    const made = new BrokerHandler(topic, name, checked, subjects, `${this.name}-${word(name)}`, {
      broker: this.#broker,
      counts: this.#counts,
      gate,
      died: (letter) => this.#died(letter),
      fault: (error, place) => this.#fault(error, place),
    });
    this.#handlers.add(made);
    made.ready().catch((error: unknown) => this.#fault(error, { topic, handler: name }));
    return removal(() => {
      this.#handlers.delete(made);
      made.close(undefined).catch((error: unknown) => this.#fault(error, { topic, handler: name }));
    });
  }

  async ready(): Promise<void> {
    await Promise.all([...this.#handlers].map((handler) => handler.ready()));
  }

  async deadLetters(filter: DeadLetterFilter = {}): Promise<readonly DeadLetter[]> {
    return this.#dead.list(filter);
  }

  async retryDead(filter: DeadLetterFilter = {}): Promise<number> {
    if (this.#closing.begun) throw new DispatcherClosedError(this.name);
    let retried = 0;
    for (const letter of this.#dead.list(filter)) {
      const { topic, handler, event, id } = letter;
      // The broker knows the id already: it would take the event for a second one.
      await this.#publish(this.#again(topic, handler), event, id, this.#nextId(), undefined);
      this.#dead.remove(letter);
      retried += 1;
    }
    return retried;
  }

  counters(): DispatcherCounters {
    return { ...this.#counts };
  }

  async close({ drain = 'due', signal }: DispatcherCloseOptions = {}): Promise<Closed> {
    const reason = new DispatcherClosedError(this.name);
    const abort = (): void => {
      for (const handler of this.#handlers) handler.abort(reason);
    };
    const first = !this.#closing.begun;
    this.#closing.begin();
    if (drain === 'none') abort();
    if (first) {
      const ended = Promise.allSettled([...this.#handlers].map((handler) => handler.close(signal)));
      void Promise.all([ended, Promise.allSettled(this.#publishing)]).then(() => this.#closing.end());
    }
    return this.#closing.wait(signal, () => {
      abort();
      this.#closing.end();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #publish(
    subject: string,
    event: unknown,
    id: string,
    brokerId: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const body = new TextEncoder().encode(stableStringify(event));
    const publishing = this.#broker.publish(subject, body, { id: brokerId, headers: { [idHeader]: id }, signal });
    this.#publishing.add(publishing);
    try {
      await publishing;
    } finally {
      this.#publishing.delete(publishing);
    }
  }

  #subject(topic: string): string {
    return `${this.name}.${word(topic)}`;
  }

  /** What one handler is given again is none of the others' business. */
  #again(topic: string, handler: string): string {
    return `${this.name}-again.${word(topic)}.${word(handler)}`;
  }

  #died(letter: DeadLetter): void {
    this.#counts.dead += 1;
    this.#dead.add(letter);
    tell(this.#options.onDead, this.#countHookFault, letter);
  }

  #fault(error: unknown, place: FaultPlace): void {
    tell(this.#options.onError, this.#countHookFault, error, place);
  }

  readonly #countHookFault = (): void => void (this.#counts.hookFaults += 1);
}

/** Any text as a word of a subject: what is no letter, digit or `-` becomes its code between `_`. */
function word(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9-]/g, (character) => `_${character.charCodeAt(0).toString(16)}_`);
}

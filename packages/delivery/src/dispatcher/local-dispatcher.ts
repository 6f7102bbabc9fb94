import type { Removal } from '@lockscope/core';

import type { Closed } from '../closable.ts';
import { Backlog } from './backlog.ts';
import { checkDispatch, checkHandler } from './checks.ts';
import { ClosingState } from './closing-state.ts';
import { zeroCounts } from './counts.ts';
import { DeadLetterBox } from './dead-letter-box.ts';
import type {
  DeadLetter,
  DeadLetterFilter,
  Dispatcher,
  DispatcherCloseOptions,
  DispatcherCounters,
  DispatchOptions,
  DroppedEvent,
  FaultPlace,
  TopicHandler,
  TopicHandlerOptions,
} from './dispatcher.ts';
import {
  ConcurrentModificationError,
  DispatcherClosedError,
  DuplicateHandlerNameError,
  NoHandlerFoundError,
  QueueLimitError,
} from './errors.ts';
import { eventIds } from './event-ids.ts';
import { type Entry, Lane, TopicLanes } from './lanes.ts';
import { type CheckedLocalOptions, checkLocalOptions, type LocalDispatcherOptions } from './local-options.ts';
import { removal } from './removal.ts';
import { sameEvent } from './same-event.ts';
import { tell } from './tell.ts';

/**
 * A dispatcher within this process. It keeps what it was given in memory, within its bounds: what has to outlive the
 * process belongs into a durable one. A handler's events begin in the order in which they are due. What waits keeps no
 * process alive; `close()` does.
 *
 * @throws {InvalidOptionsError} naming every option that is wrong, its value and the bound.
 */
export function localDispatcher<Topics extends object = Record<string, unknown>>(
  options: LocalDispatcherOptions = {},
): Dispatcher<Topics> {
  return new LocalDispatcher(checkLocalOptions(options)) as Dispatcher<Topics>;
}

class LocalDispatcher implements Dispatcher {
  readonly name: string;
  readonly #options: CheckedLocalOptions;
  readonly #topics = new Map<string, TopicLanes>();
  readonly #backlog: Backlog;
  readonly #dead: DeadLetterBox;
  readonly #counts = zeroCounts();
  readonly #closing = new ClosingState();
  readonly #nextId = eventIds();
  /** How many events are accepted and not finished. */
  #queued = 0;
  #lanes = 0;

  constructor(options: CheckedLocalOptions) {
    this.name = options.name;
    this.#options = options;
    this.#dead = new DeadLetterBox(options.maxDead, options.whenDeadFull, ({ id, topic, handler, event }) =>
      this.#dropped({ id, topic, handler, event, reason: 'dead_letters_full' }),
    );
    this.#backlog = new Backlog(this.#counts, {
      finished: (entry) => this.#finished(entry),
      died: (letter) => this.#died(letter),
      dropped: (dropped, entry) => this.#dropped(dropped, entry),
      fault: (error, place) => this.#fault(error, place),
    });
    const { signal } = options;
    const abort = (): void => void this.close({ drain: 'none' });
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    void this.#closing.ended.then(() => signal?.removeEventListener('abort', abort));
  }

  async dispatch(topicName: string, event: unknown, options: DispatchOptions = {}): Promise<string> {
    const delayMs = checkDispatch(topicName, event, options);
    options.signal?.throwIfAborted();
    if (this.#closing.begun) throw new DispatcherClosedError(this.name);
    const topic = this.#topics.get(topicName);
    if (topic === undefined || topic.lanes.length === 0) throw new NoHandlerFoundError(topicName);
    const known = options.id === undefined ? undefined : topic.named.get(options.id);
    if (known !== undefined) {
      if (sameEvent(known.event, event)) return known.id;
      throw new ConcurrentModificationError(topicName, known.id);
    }
    const full = this.#full(topic);
    if (full !== undefined) {
      this.#counts.refused += 1;
      throw full;
    }
    const id = options.id ?? this.#nextId();
    const entry = { id, topic, event, open: 0, givenUp: false };
    if (options.id !== undefined) topic.named.set(id, entry);
    this.#counts.accepted += 1;
    this.#accept(entry, topic.lanes, delayMs);
    return id;
  }

  register(topicName: string, handler: TopicHandler<never>, options: TopicHandlerOptions<never> = {}): Removal {
    const checked = checkHandler<unknown>(
      topicName,
      handler as TopicHandler<unknown>,
      options as object,
      this.#options.parallel,
    );
    if (this.#closing.begun) throw new DispatcherClosedError(this.name);
    const topic = this.#topics.get(topicName) ?? new TopicLanes(topicName, this.#options.parallel);
    this.#topics.set(topicName, topic);
    const name = checked.name ?? `handler-${(this.#lanes += 1)}`;
    if (topic.lanes.some((other) => other.name === name)) throw new DuplicateHandlerNameError(topicName, name);
    const lane = new Lane(topic, name, checked);
    topic.lanes = [...topic.lanes, lane];
    return removal(() => {
      topic.lanes = topic.lanes.filter((other) => other !== lane);
      this.#backlog.removeLane(lane);
    });
  }

  async ready(): Promise<void> {}

  async deadLetters(filter: DeadLetterFilter = {}): Promise<readonly DeadLetter[]> {
    return this.#dead.list(filter);
  }

  async retryDead(filter: DeadLetterFilter = {}): Promise<number> {
    if (this.#closing.begun) throw new DispatcherClosedError(this.name);
    let retried = 0;
    for (const letter of this.#dead.list(filter)) {
      const { id, event } = letter;
      const topic = this.#topics.get(letter.topic);
      const lane = topic?.lanes.find(({ name }) => name === letter.handler);
      if (topic === undefined || lane === undefined || this.#full(topic) !== undefined) continue;
      this.#dead.remove(letter);
      const entry = { id, topic, event, open: 0, givenUp: false };
      if (!topic.named.has(id)) topic.named.set(id, entry);
      this.#accept(entry, [lane], 0);
      retried += 1;
    }
    return retried;
  }

  counters(): DispatcherCounters {
    return { ...this.#counts };
  }

  async close({ drain = 'due', signal }: DispatcherCloseOptions = {}): Promise<Closed> {
    const first = !this.#closing.begun;
    this.#closing.begin();
    if (drain === 'none') this.#dropWaiting();
    else if (first && drain === 'due') this.#backlog.dropDelayed();
    if (this.#queued === 0) this.#closing.end();
    return this.#closing.wait(signal, () => {
      this.#dropWaiting();
      this.#backlog.abandonRunning();
      this.#closing.end();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #accept(entry: Entry, lanes: readonly Lane[], delayMs: number): void {
    this.#queued += 1;
    entry.topic.queued += 1;
    this.#backlog.add(entry, lanes, delayMs);
  }

  #finished(entry: Entry): void {
    const { topic } = entry;
    this.#queued -= 1;
    topic.queued -= 1;
    if (topic.named.get(entry.id) === entry) topic.named.delete(entry.id);
    if (this.#queued === 0 && this.#closing.begun) this.#closing.end();
  }

  #full(topic: TopicLanes): QueueLimitError | undefined {
    const { maxQueued, maxQueuedPerTopic } = this.#options;
    if (this.#queued >= maxQueued) return new QueueLimitError(topic.name, maxQueued, 'dispatcher');
    if (topic.queued >= maxQueuedPerTopic) return new QueueLimitError(topic.name, maxQueuedPerTopic, 'topic');
    return undefined;
  }

  #dropWaiting(): void {
    this.#backlog.dropWaiting(this.#topics.values(), new DispatcherClosedError(this.name));
  }

  #died(letter: DeadLetter): void {
    this.#counts.dead += 1;
    this.#dead.add(letter);
    tell(this.#options.onDead, this.#countHookFault, letter);
  }

  #dropped(dropped: DroppedEvent, entry?: Entry): void {
    this.#counts.dropped += 1;
    if (entry !== undefined && this.#closing.begun) this.#closing.undelivered += 1;
    tell(this.#options.onDrop, this.#countHookFault, dropped);
  }

  #fault(error: unknown, place: FaultPlace): void {
    tell(this.#options.onError, this.#countHookFault, error, place);
  }

  readonly #countHookFault = (): void => void (this.#counts.hookFaults += 1);
}

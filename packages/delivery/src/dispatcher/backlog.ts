import { Alarm } from './alarm.ts';
import { attempt, AttemptContext } from './attempt.ts';
import { retryDelay } from './checks.ts';
import type { Counts } from './counts.ts';
import type { DeadLetter, DroppedEvent, FaultPlace } from './dispatcher.ts';
import { DueHeap } from './due-heap.ts';
import { Postponed, postponedForMs } from './exclusive.ts';
import type { Delivery, Entry, Lane, TopicLanes } from './lanes.ts';
import { Turns } from './turns.ts';

/** How many errors of an event are kept for its dead letter. */
const keptErrors = 10;

/** Whom a backlog tells. */
export interface BacklogEnds {
  /** All handlers are through with it. */
  readonly finished: (entry: Entry) => void;
  readonly died: (letter: DeadLetter) => void;
  /** The first time that a handler's part of this event is given up, `entry` is given. */
  readonly dropped: (dropped: DroppedEvent, entry: Entry | undefined) => void;
  readonly fault: (error: unknown, place: FaultPlace) => void;
}

/** What was accepted and is not finished: it waits for its time, then for its turn, and is handled. */
export class Backlog {
  readonly #counts: Counts;
  readonly #ends: BacklogEnds;
  /** Not due yet: delayed, or waiting for the next attempt. */
  readonly #later = new DueHeap<Delivery>();
  readonly #alarm: Alarm = new Alarm(() => this.#collectDue());
  readonly #turns: Turns<TopicLanes> = new Turns((topic) => this.#start(topic));
  readonly #running = new Set<Delivery>();
  #order = 0;
  /** No attempt is followed by another one any more. */
  #last = false;

  constructor(counts: Counts, ends: BacklogEnds) {
    this.#counts = counts;
    this.#ends = ends;
  }

  add(entry: Entry, lanes: readonly Lane[], delayMs: number): void {
    entry.open = lanes.length;
    const dueAt = delayMs === 0 ? 0 : performance.now() + delayMs;
    for (const lane of lanes) {
      const fresh = { entry, lane, dueAt, order: (this.#order += 1), failures: 0, errors: [], context: undefined };
      const delivery: Delivery = fresh;
      if (delayMs === 0) lane.due.enqueue(delivery);
      else this.#later.add(delivery);
    }
    if (delayMs === 0) this.#turns.ask(entry.topic);
    else this.#setAlarm();
  }

  /** Gives up what is not due yet and was never tried. */
  dropDelayed(): void {
    const now = performance.now();
    this.#dropAll(this.#later.remove(({ dueAt, failures }) => failures === 0 && dueAt > now));
  }

  /** Gives up all that is not running, and lets what runs know that it should end: it has no further attempt. */
  dropWaiting(topics: Iterable<TopicLanes>, reason: unknown): void {
    this.#last = true;
    this.#dropAll(this.#later.remove(() => true));
    for (const topic of topics) for (const lane of topic.lanes) this.#dropAll([...lane.due.drain()]);
    for (const { context } of this.#running) context?.abort(reason);
  }

  /** Gives up what runs, too; what becomes of it does not count. */
  abandonRunning(): void {
    const running = [...this.#running];
    this.#running.clear();
    this.#counts.running = 0;
    this.#dropAll(running);
  }

  /** Gives up what waits for a handler that was taken out. What runs has no further attempt. */
  removeLane(lane: Lane): void {
    lane.removed = true;
    this.#dropAll([...lane.due.drain(), ...this.#later.remove((delivery) => delivery.lane === lane)]);
    this.#setAlarm();
  }

  #dropAll(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.#drop(delivery);
    this.#setAlarm();
  }

  #drop({ entry, lane }: Delivery): void {
    const { id, event, topic } = entry;
    const reason = lane.removed ? 'removed' : 'closed';
    const first = entry.givenUp ? undefined : entry;
    entry.givenUp = true;
    this.#ends.dropped({ id, topic: topic.name, handler: lane.name, event, reason }, first);
    this.#settle(entry);
  }

  #settle(entry: Entry): void {
    entry.open -= 1;
    if (entry.open === 0) this.#ends.finished(entry);
  }

  #setAlarm(): void {
    this.#alarm.set(this.#later.first()?.dueAt ?? Infinity);
  }

  #collectDue(): void {
    const now = performance.now();
    for (let first = this.#later.first(); first !== undefined && first.dueAt <= now; first = this.#later.first()) {
      this.#later.take();
      first.lane.due.enqueue(first);
      this.#turns.ask(first.lane.topic);
    }
    this.#setAlarm();
  }

  /** Starts one attempt, if the topic has one that may start. */
  #start(topic: TopicLanes): boolean {
    const delivery = topic.next();
    if (delivery === undefined) return false;
    topic.running += 1;
    delivery.lane.running += 1;
    this.#running.add(delivery);
    this.#counts.running += 1;
    void this.#attempt(delivery);
    return true;
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const { entry, lane } = delivery;
    const { handler, timeLimitMs } = lane.options;
    const context = new AttemptContext(entry.id, entry.topic.name, delivery.failures + 1);
    delivery.context = context;
    this.#counts.attempts += 1;
    const onLimit = (): void => void (this.#counts.timedOut += 1);
    let failure: { readonly error: unknown } | undefined;
    try {
      await attempt({ handler, name: lane.name, event: entry.event, context, timeLimitMs, onLimit });
    } catch (error) {
      failure = { error };
    }
    lane.running -= 1;
    entry.topic.running -= 1;
    this.#turns.ask(entry.topic);
    if (!this.#running.delete(delivery)) return;
    this.#counts.running -= 1;
    delivery.context = undefined;
    if (failure !== undefined) this.#failed(delivery, failure.error);
    else {
      this.#counts.handled += 1;
      this.#settle(entry);
    }
  }

  #failed(delivery: Delivery, error: unknown): void {
    const { entry, lane } = delivery;
    const place = { topic: entry.topic.name, handler: lane.name, id: entry.id, attempt: delivery.failures + 1 };
    const postponed = error instanceof Postponed;
    if (postponed) {
      this.#counts.postponed += 1;
    } else {
      this.#counts.failed += 1;
      delivery.failures += 1;
      const kept: Error = error instanceof Error ? error : new Error(String(error), { cause: error });
      delivery.errors = [...delivery.errors.slice(1 - keptErrors), kept];
      this.#ends.fault(error, place);
    }
    const { retry } = lane.options;
    if (!postponed && delivery.failures >= retry.maxAttempts) this.#die(delivery);
    else if (this.#last || lane.removed) this.#drop(delivery);
    else {
      const faulty = (fault: unknown): void => this.#ends.fault(fault, place);
      const ms = postponed ? postponedForMs : retryDelay(retry, delivery.failures, faulty);
      delivery.dueAt = performance.now() + ms;
      this.#later.add(delivery);
      this.#setAlarm();
    }
  }

  #die({ entry, lane, failures, errors }: Delivery): void {
    const { id, event, topic } = entry;
    const [attempts, diedAt] = [failures, Date.now()];
    this.#ends.died(Object.freeze({ id, topic: topic.name, handler: lane.name, event, attempts, errors, diedAt }));
    this.#settle(entry);
  }
}

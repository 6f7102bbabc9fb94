import type { Broker, Delivery, Subscription } from '../broker/broker.ts';
import { attempt, AttemptContext } from './attempt.ts';
import type { CheckedHandler } from './checks.ts';
import { retryDelay } from './checks.ts';
import type { Counts } from './counts.ts';
import type { DeadLetter, FaultPlace } from './dispatcher.ts';
import { Postponed, postponedForMs } from './exclusive.ts';
import type { Gate } from './gate.ts';
import { stableParse } from './stable-json.ts';

/** The header that carries an event's id: what a broker takes for one differs. */
export const idHeader = 'dispatch-id';

/** How many errors of an event are kept for its dead letter. */
const keptErrors = 10;
/** A broker's own limit would start an attempt beside one that runs on; the dispatcher keeps the limit itself. */
const noLimitMs = 2 ** 31 - 1;

/** What a handler needs of its dispatcher. */
export interface BrokerSurroundings {
  readonly broker: Broker;
  readonly counts: Counts;
  readonly gate: Gate;
  readonly died: (letter: DeadLetter) => void;
  readonly fault: (error: unknown, place: FaultPlace) => void;
}

/** One handler, and the subscriptions that feed it: one to its topic, one for what it is given again. */
export class BrokerHandler {
  readonly topic: string;
  readonly name: string;
  readonly #handler: CheckedHandler<unknown>;
  readonly #around: BrokerSurroundings;
  readonly #subscriptions: readonly Subscription[];
  readonly #running = new Set<AttemptContext>();
  readonly #told = new WeakSet();
  /** What failed here and comes again, by id. Bounded by what a subscription may have pending. */
  readonly #failures = new Map<string, Error[]>();

  constructor(
    topic: string,
    name: string,
    handler: CheckedHandler<unknown>,
    subjects: readonly string[],
    group: string,
    around: BrokerSurroundings,
  ) {
    this.topic = topic;
    this.name = name;
    this.#handler = handler;
    this.#around = around;
    const { retry, parallel } = handler;
    const { broker } = around;
    this.#subscriptions = subjects.map((subject) =>
      broker.subscribe(subject, (delivery) => this.#handle(delivery), {
        group,
        concurrency: Math.min(parallel, 10_000),
        timeoutMs: noLimitMs,
        maxDeliveries: Math.min(retry.maxAttempts, 1_000_000),
        retryDelayMs: (failed) =>
          Math.min(
            retryDelay(retry, failed, (error) => this.#fault(error)),
            noLimitMs,
          ),
        onDead: (delivery, error) => this.#die(delivery, error),
        onError: (error) => {
          // What a handler threw was told with its place.
          if (!this.#told.has(error as object)) this.#fault(error);
        },
      }),
    );
  }

  async ready(): Promise<void> {
    await Promise.all(this.#subscriptions.map(({ ready }) => ready));
  }

  async close(signal: AbortSignal | undefined): Promise<void> {
    await Promise.all(this.#subscriptions.map((subscription) => subscription.close({ signal })));
  }

  abort(reason: unknown): void {
    for (const context of this.#running) context.abort(reason);
  }

  async #handle(delivery: Delivery): Promise<void> {
    const { gate, counts } = this.#around;
    const id = delivery.headers[idHeader] ?? delivery.position;
    const failures = this.#failures.get(id) ?? [];
    const repeated = delivery.attempt > 1 + failures.length;
    const context = new AttemptContext(id, this.topic, delivery.attempt, repeated);
    this.#running.add(context);
    await gate.enter();
    counts.running += 1;
    counts.attempts += 1;
    if (repeated) counts.repeated += 1;
    try {
      await this.#attempt(stableParse(new TextDecoder().decode(delivery.body)), context);
      counts.handled += 1;
      this.#failures.delete(id);
    } catch (error) {
      counts.failed += 1;
      const kept = error instanceof Error ? error : new Error(String(error), { cause: error });
      this.#failures.set(id, [...failures.slice(1 - keptErrors), kept]);
      this.#fault(error, { id, attempt: delivery.attempt });
      this.#told.add(kept);
      throw kept;
    } finally {
      this.#running.delete(context);
      counts.running -= 1;
      gate.leave();
    }
  }

  async #attempt(event: unknown, context: AttemptContext): Promise<void> {
    const { handler, timeLimitMs } = this.#handler;
    const { counts } = this.#around;
    const onLimit = (): void => void (counts.timedOut += 1);
    for (;;) {
      try {
        await attempt({ handler, name: this.name, event, context, timeLimitMs, onLimit });
        return;
      } catch (error) {
        if (!(error instanceof Postponed) || context.signal.aborted) throw error;
        // A broker would count it: it stays here until it has its turn.
        counts.postponed += 1;
        await new Promise((resolve) => setTimeout(resolve, postponedForMs));
      }
    }
  }

  #die(delivery: Delivery, error: unknown): void {
    const id = delivery.headers[idHeader] ?? delivery.position;
    const errors = this.#failures.get(id) ?? [error instanceof Error ? error : new Error(String(error))];
    this.#failures.delete(id);
    let event: unknown;
    try {
      event = stableParse(new TextDecoder().decode(delivery.body));
    } catch {
      // The errors say so.
    }
    const [topic, handler, attempts, diedAt] = [this.topic, this.name, delivery.attempt, Date.now()];
    this.#around.died(Object.freeze({ id, topic, handler, event, attempts, errors, diedAt }));
  }

  #fault(error: unknown, more: FaultPlace = {}): void {
    this.#around.fault(error, { topic: this.topic, handler: this.name, ...more });
  }
}

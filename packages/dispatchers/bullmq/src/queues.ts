import { type BackendClasses, type IQueueBackend, type Queue, withBackend } from 'bullmq';

import type { CheckedOptions } from './bullmq-options.ts';
import { queueOf, rosterOf } from './names.ts';
import type { StoredEvent } from './stored-event.ts';

/** What a roster holds: the name of one handler of a topic. */
export interface RosterEntry {
  readonly topic: string;
  readonly handler: string;
}

// The connection is checked where it comes in; from here on it is only passed on.
type AnyQueue<Data> = Queue<Data, unknown, string, Data, unknown, string, IQueueBackend, unknown>;
export type EventQueue = AnyQueue<StoredEvent>;
type RosterQueue = AnyQueue<RosterEntry>;

/**
 * For so long a process may rely on the names of handlers that it has read, in milliseconds. Whoever brings a new name
 * waits for as long, so that nobody who dispatches afterwards misses it.
 */
const rosterMs = 100;

/** States in which an event is not finished. */
const unfinished = ['waiting', 'active', 'delayed', 'prioritized', 'waiting-children'] as const;

/** The queues of a dispatcher: one for each handler, and rosters that say which handlers there are. */
export class Queues {
  readonly classes: BackendClasses<IQueueBackend, unknown>;
  readonly #options: CheckedOptions<unknown>;
  readonly #fault: (error: unknown) => void;
  readonly #events = new Map<string, EventQueue>();
  readonly #rosters = new Map<string, RosterQueue>();
  /** Names of handlers by topic, and when they were read. */
  readonly #known = new Map<string, { readonly at: number; readonly handlers: readonly string[] }>();

  constructor(options: CheckedOptions<unknown>, fault: (error: unknown) => void) {
    this.#options = options;
    this.#fault = fault;
    this.classes = withBackend(options.backend);
  }

  events(topic: string, handler: string): EventQueue {
    const name = queueOf(this.#options.name, topic, handler);
    return this.#of(this.#events, name, () => new this.classes.Queue<StoredEvent>(name, this.#connection));
  }

  /** Notes that a topic has this handler. From when it resolves all events of the topic are kept for it. */
  async enrol(entry: RosterEntry): Promise<void> {
    const before = await listed(this.#roster(entry.topic));
    if (before.some(({ handler }) => handler === entry.handler)) return;
    const jobId = JSON.stringify([entry.topic, entry.handler]).replaceAll(':', '%3A');
    // The roster of the topic is what dispatches ask, the other one says which topics there are. It comes first: a
    // process that dies in between finds the name missing, and notes both again.
    for (const roster of [this.#allTopics(), this.#roster(entry.topic)]) await roster.add('handler', entry, { jobId });
    this.#known.delete(entry.topic);
    await new Promise((resolve) => setTimeout(resolve, rosterMs));
  }

  /** Names of a topic's handlers, of all processes. */
  async handlersOf(topic: string): Promise<readonly string[]> {
    const at = performance.now();
    const known = this.#known.get(topic);
    if (known !== undefined && at - known.at < rosterMs) return known.handlers;
    const handlers = (await listed(this.#roster(topic))).map(({ handler }) => handler);
    if (handlers.length > 0) this.#known.set(topic, { at, handlers });
    return handlers;
  }

  /** All handlers of all topics. */
  all(): Promise<RosterEntry[]> {
    return listed(this.#allTopics());
  }

  async unfinished(topic: string, handler: string): Promise<number> {
    return this.events(topic, handler).getJobCountByTypes(...unfinished);
  }

  async close(): Promise<void> {
    const queues = [...this.#events.values(), ...this.#rosters.values()];
    this.#events.clear();
    this.#rosters.clear();
    await Promise.all(queues.map((queue) => queue.close()));
  }

  get #connection(): { readonly connection: unknown } {
    return { connection: this.#options.connection };
  }

  #roster(topic: string): RosterQueue {
    const name = rosterOf(this.#options.name, topic);
    return this.#of(this.#rosters, name, () => new this.classes.Queue<RosterEntry>(name, this.#connection));
  }

  #allTopics(): RosterQueue {
    const { name } = this.#options;
    return this.#of(this.#rosters, name, () => new this.classes.Queue<RosterEntry>(name, this.#connection));
  }

  #of<Data>(known: Map<string, AnyQueue<Data>>, name: string, make: () => AnyQueue<Data>): AnyQueue<Data> {
    let queue = known.get(name);
    if (queue === undefined) {
      queue = make();
      queue.on('error', this.#fault);
      known.set(name, queue);
    }
    return queue;
  }
}

async function listed(roster: RosterQueue): Promise<RosterEntry[]> {
  const jobs = await roster.getJobs(['waiting'], 0, -1, true);
  return jobs.flatMap(({ data }) =>
    typeof data?.topic === 'string' && typeof data.handler === 'string' ? [data] : [],
  );
}

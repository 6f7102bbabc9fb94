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

/** States in which an event is not finished. */
const unfinished = ['waiting', 'active', 'delayed', 'prioritized', 'waiting-children'] as const;

/** The queues of a dispatcher: one for each handler, and rosters that say which handlers there are. */
export class Queues {
  readonly classes: BackendClasses<IQueueBackend, unknown>;
  readonly #options: CheckedOptions<unknown>;
  readonly #fault: (error: unknown) => void;
  readonly #events = new Map<string, EventQueue>();
  readonly #rosters = new Map<string, RosterQueue>();

  constructor(options: CheckedOptions<unknown>, fault: (error: unknown) => void) {
    this.#options = options;
    this.#fault = fault;
    this.classes = withBackend(options.backend);
  }

  events(topic: string, handler: string): EventQueue {
    const name = queueOf(this.#options.name, topic, handler);
    return this.#of(this.#events, name, () => new this.classes.Queue<StoredEvent>(name, this.#connection));
  }

  /** Notes that a topic has this handler, for as long as the server lives. */
  async enrol(entry: RosterEntry): Promise<void> {
    // The roster of the topic is what dispatches ask, the other one says which topics there are.
    for (const roster of [this.#roster(entry.topic), this.#allTopics()])
      await roster.add('handler', entry, {
        jobId: JSON.stringify([entry.topic, entry.handler]).replaceAll(':', '%3A'),
      });
  }

  /** Names of a topic's handlers, of all processes. */
  async handlersOf(topic: string): Promise<string[]> {
    return (await listed(this.#roster(topic))).map(({ handler }) => handler);
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

import YoctoQueue from 'yocto-queue';

import type { AttemptContext } from './attempt.ts';
import type { CheckedHandler } from './checks.ts';
import type { Due } from './due-heap.ts';

/** An accepted event. */
export interface Entry {
  readonly id: string;
  readonly topic: TopicLanes;
  readonly event: unknown;
  /** How many handlers are not through with it. */
  open: number;
  /** One of them will not be. */
  givenUp: boolean;
}

/** An event on its way to one handler. */
export interface Delivery extends Due {
  readonly entry: Entry;
  readonly lane: Lane;
  /** Attempts that failed. */
  failures: number;
  /** What the last of them failed with. */
  errors: Error[];
  /** While it is being handled. */
  context: AttemptContext | undefined;
}

/** One handler and what is due for it. */
export class Lane {
  readonly topic: TopicLanes;
  readonly name: string;
  readonly options: CheckedHandler<unknown>;
  readonly due: YoctoQueue<Delivery> = new YoctoQueue();
  running = 0;
  removed = false;

  constructor(topic: TopicLanes, name: string, options: CheckedHandler<unknown>) {
    this.topic = topic;
    this.name = name;
    this.options = options;
  }
}

/** The handlers of one topic, and how many of their attempts may run at once. */
export class TopicLanes {
  readonly name: string;
  readonly parallel: number;
  lanes: readonly Lane[] = [];
  /** Events whose id the user gave. */
  readonly named: Map<string, Entry> = new Map();
  /** Events accepted and not finished. */
  queued = 0;
  running = 0;
  /** A turn of its own is on its way. */
  waking = false;
  #turn = 0;

  constructor(name: string, parallel: number) {
    this.name = name;
    this.parallel = parallel;
  }

  /** Takes out what is to be handled next; the handlers take turns. Undefined while nothing may start. */
  next(): Delivery | undefined {
    if (this.running >= this.parallel) return undefined;
    for (let tried = 0; tried < this.lanes.length; tried += 1) {
      const lane = this.lanes[(this.#turn + tried) % this.lanes.length] as Lane;
      if (lane.due.size === 0 || lane.running >= lane.options.parallel) continue;
      this.#turn = (this.#turn + tried + 1) % this.lanes.length;
      return lane.due.dequeue();
    }
    return undefined;
  }
}

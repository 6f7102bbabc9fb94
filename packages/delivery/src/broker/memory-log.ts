import type { Delivery, From } from './broker.ts';
import type { Deliveries } from './deliveries.ts';

/** An event in the log of a memory broker. */
export type LogEntry = Omit<Delivery, 'attempt' | 'signal'> & { readonly number: number };

/** Who reads a log: one subscription without a group, or a group with all its members. */
export interface Reader {
  readonly fits: (subject: string) => boolean;
  readonly members: Deliveries[];
  /** Take nothing more, and may still give back what they have. */
  readonly leaving: Deliveries[];
  /** The number of the next event to look at. */
  next: number;
  /** Given back by members, or failed when none was there. */
  readonly returned: { readonly entry: LogEntry; readonly attempt: number }[];
}

/** Events in the order in which they came, the oldest forgotten when there are too many. */
export class MemoryLog {
  readonly #capacity: number;
  readonly #deduplicatesMs: number;
  #entries: LogEntry[] = [];
  /** How many of `#entries` are forgotten: moving all of them for each one would cost the length of the log. */
  #head = 0;
  #last = 0;
  readonly #ids = new Map<string, { readonly at: number; readonly number: number }>();

  constructor(capacity: number, deduplicatesMs: number) {
    this.#capacity = capacity;
    this.#deduplicatesMs = deduplicatesMs;
  }

  get length(): number {
    return this.#entries.length - this.#head;
  }

  /** The number that the next event gets. */
  get next(): number {
    return this.#last + 1;
  }

  /** The number under which the id was taken not long ago. */
  taken(id: string | undefined, now: number): number | undefined {
    for (const [old, { at }] of this.#ids) {
      if (now - at < this.#deduplicatesMs && this.#ids.size <= this.#capacity) break;
      this.#ids.delete(old);
    }
    return id === undefined ? undefined : this.#ids.get(id)?.number;
  }

  append(event: Omit<LogEntry, 'number' | 'position'>, now: number): LogEntry {
    this.#last += 1;
    const number = this.#last;
    const entry = Object.freeze({ ...event, position: String(number), number });
    this.#entries.push(entry);
    if (event.id !== undefined && this.#deduplicatesMs > 0) this.#ids.set(event.id, { at: now, number });
    if (this.length > this.#capacity) this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }

  /** The first event from that number on that is still there. */
  from(number: number): LogEntry | undefined {
    const first = this.next - this.length;
    return this.#entries[this.#head + Math.max(0, number - first)];
  }

  /** The number that a subscription begins with; undefined for a position that is none. */
  start(from: From): number | undefined {
    if (from === 'new') return this.next;
    if (from === 'start') return 0;
    const after = Number(from.after);
    return Number.isSafeInteger(after) && after >= 0 ? after + 1 : undefined;
  }
}

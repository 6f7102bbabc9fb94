import { randomBytes } from 'node:crypto';
import { subjectMatcher, type Arrival, type CheckedSubscribeOptions, type Deliveries } from '@lockscope/delivery';
import { entriesOf } from './entries.ts';
import { isGroupThere } from './failure.ts';
import { again, giveBack, leave, sign } from './scripts.ts';
import type { Session } from './session.ts';

/** A member that had nothing and gave no sign for so long is gone. */
const goneMs = 86_400_000;
const batch = 100;

/** One member of a consumer group: what it has, its signs of life, and what it takes over from members that gave none. */
export class Membership {
  readonly #session: Session;
  /** The name of the group in Redis: a group belongs to its subject. */
  readonly #group: string;
  readonly #options: CheckedSubscribeOptions;
  readonly #deliveries: Deliveries;
  readonly #name = randomBytes(9).toString('base64url');
  readonly #fits: (subject: string) => boolean;
  /** Positions of what this member has. */
  readonly #held = new Set<string>();
  /** Of other subjects. */
  #skipped: string[] = [];
  #lastSeen: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(session: Session, group: string, options: CheckedSubscribeOptions, deliveries: Deliveries) {
    this.#session = session;
    this.#group = group;
    this.#options = options;
    this.#deliveries = deliveries;
    this.#fits = subjectMatcher(group.slice(group.indexOf('|') + 1));
  }

  /** How a read begins. */
  get source(): readonly string[] {
    return ['XREADGROUP', 'GROUP', this.#group, this.#name];
  }

  /** Makes the group when it is not there; again when the server has lost it, and then from the last that was seen. */
  async join(): Promise<void> {
    const { from } = this.#options;
    const asked = from === 'new' ? '$' : from === 'start' ? '0-0' : from.after;
    const { stream } = this.#session;
    try {
      await this.#session.command('XGROUP', 'CREATE', stream, this.#group, this.#lastSeen ?? asked, 'MKSTREAM');
    } catch (error) {
      if (!isGroupThere(error)) throw error;
    }
    // From now on a group that has to be made again misses nothing.
    this.#lastSeen ??= '0-0';
    if (!this.#closed) this.#timer ??= this.#next();
  }

  /** Takes an entry; without an event it is one that nobody here wants. */
  take(position: string, event: Arrival['event'] | undefined, attempt: number): void {
    this.#lastSeen = position;
    if (event === undefined) {
      this.#skipped.push(position);
      return;
    }
    this.#held.add(position);
    this.#deliveries.take({
      event,
      attempt,
      ack: () => {
        this.#held.delete(position);
        return this.#session.command('XACK', this.#session.stream, this.#group, position);
      },
      again: async () => {
        const next = await this.#run(again, position);
        if (typeof next === 'number') return next;
        this.#held.delete(position);
        return undefined;
      },
      giveBack: (next) => {
        this.#held.delete(position);
        return this.#run(giveBack, position, String(next - 1), String(this.#options.ackWaitMs * 2));
      },
    });
  }

  /** Tells the server of all that nobody here wants. */
  skipped(): void {
    const positions = this.#skipped;
    if (positions.length === 0) return;
    this.#skipped = [];
    this.#session
      .command('XACK', this.#session.stream, this.#group, ...positions)
      .catch((error: unknown) => this.#deliveries.fault(this.#session.failure('subscribe', error)));
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    // A member with nothing left is removed; when the server is away, it is removed by others later.
    const left = this.#session.run(leave, [this.#session.stream], [this.#group, this.#name, String(goneMs)]);
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([left.catch(() => undefined), new Promise((resolve) => (timer = setTimeout(resolve, 1000)))]);
    clearTimeout(timer);
  }

  #run(script: typeof again, ...args: readonly string[]): Promise<unknown> {
    return this.#session.run(script, [this.#session.stream], [this.#group, this.#name, ...args]);
  }

  #next(): ReturnType<typeof setTimeout> {
    return setTimeout(() => void this.#turn(), this.#options.ackWaitMs / 3).unref();
  }

  async #turn(): Promise<void> {
    try {
      if (this.#held.size > 0) await this.#run(sign, ...this.#held);
      await this.#takeOver();
    } catch (error) {
      if (!this.#closed) this.#deliveries.fault(this.#session.failure('subscribe', error));
    }
    if (!this.#closed) this.#timer = this.#next();
  }

  /** What a member has that gave no sign for too long. */
  async #takeOver(): Promise<void> {
    const { stream } = this.#session;
    const idle = String(this.#options.ackWaitMs);
    const count = Math.min(this.#deliveries.room, batch);
    if (count === 0) return;
    const pending = await this.#session.command('XPENDING', stream, this.#group, 'IDLE', idle, '-', '+', String(count));
    const deliveries = new Map<string, number>();
    for (const raw of Array.isArray(pending) ? (pending as unknown[][]) : []) {
      const position = String(raw[0]);
      if (!this.#held.has(position)) deliveries.set(position, Number(raw[3]));
    }
    if (deliveries.size === 0 || this.#closed) return;
    const claimed = await this.#session.command('XCLAIM', stream, this.#group, this.#name, idle, ...deliveries.keys());
    const found = entriesOf(claimed);
    for (const { position, event } of found) {
      const fits = event !== undefined && this.#fits(event.subject);
      if (!this.#held.has(position)) this.take(position, fits ? event : undefined, (deliveries.get(position) ?? 0) + 1);
    }
    this.skipped();
  }
}

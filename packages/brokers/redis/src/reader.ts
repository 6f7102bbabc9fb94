import {
  BrokerClosedError,
  Deliveries,
  EventsMissedError,
  subjectMatcher,
  type CheckedSubscribeOptions,
  type Closed,
  type CloseOptions,
  type DeliveryHandler,
} from '@lockscope/delivery';
import type { Connection } from './driver.ts';
import { entriesOfStream, type Entry } from './entries.ts';
import { isNoKey } from './failure.ts';
import { Membership } from './membership.ts';
import type { Session } from './session.ts';

/** How long one read waits for something new. */
const blockMs = 2000;
/** At most so many at a time. */
const batch = 100;

/** Brings the events of one subscription, over a connection of its own, for as long as it is open. */
export class Reader {
  readonly deliveries: Deliveries;
  readonly ready: Promise<void>;
  readonly #session: Session;
  readonly #options: CheckedSubscribeOptions;
  readonly #fits: (subject: string) => boolean;
  readonly #membership: Membership | undefined;
  #settleReady: { resolve(): void; reject(error: unknown): void } | undefined;
  #connection: Connection | undefined;
  #wake: (() => void) | undefined;
  #closed = false;
  /** Without a group: the last position that was read. */
  #last: string | undefined;

  constructor(session: Session, subject: string, handler: DeliveryHandler, options: CheckedSubscribeOptions) {
    this.#session = session;
    this.#options = options;
    this.#fits = subjectMatcher(subject);
    this.deliveries = new Deliveries(handler, options, () => this.#wake?.());
    const { group } = options;
    if (group !== undefined)
      this.#membership = new Membership(session, `${group}|${subject}`, options, this.deliveries);
    this.ready = new Promise((resolve, reject) => (this.#settleReady = { resolve, reject }));
    void this.#run();
  }

  async close(options?: CloseOptions): Promise<Closed> {
    this.#closed = true;
    this.#settleReady?.reject(new BrokerClosedError('redis'));
    this.#connection?.close();
    this.#wake?.();
    const closed = await this.deliveries.close(options);
    await this.#membership?.close();
    return closed;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#closed;) {
      try {
        await this.#begin();
        this.#settleReady?.resolve();
        while (!this.#closed) {
          await this.#read();
          failures = 0;
        }
      } catch (error) {
        // One that does not answer may have answered to nobody: what was on its way is lost with it.
        this.#connection?.close();
        this.#connection = undefined;
        if (this.#closed) return;
        this.deliveries.fault(this.#session.failure('subscribe', error));
        failures += 1;
        await this.#pause(Math.min(50 * 2 ** Math.min(failures, 10), 1000));
      }
    }
  }

  async #begin(): Promise<void> {
    const driver = await this.#session.driver();
    if (this.#membership === undefined) {
      this.#last ??= await this.#start();
      await this.#lookForGap(this.#last);
    } else await this.#membership.join();
    if (!this.#closed) this.#connection ??= driver.another();
  }

  async #read(): Promise<void> {
    const { room } = this.deliveries;
    if (room === 0) {
      await this.#pause(60_000);
      return;
    }
    const source = this.#membership?.source ?? ['XREAD'];
    const limits = ['COUNT', String(Math.min(room, batch)), 'BLOCK', String(blockMs), 'STREAMS', this.#session.stream];
    const parts = [...source, ...limits, this.#membership === undefined ? (this.#last ?? '0-0') : '>'];
    const reply = await this.#connection?.command(parts, blockMs + this.#session.options.timeoutMs);
    const entries = entriesOfStream(reply);
    for (const entry of entries) this.#take(entry);
    this.#membership?.skipped();
  }

  #take({ position, event }: Entry): void {
    this.#last = position;
    const fits = event !== undefined && this.#fits(event.subject);
    if (this.#membership !== undefined) this.#membership.take(position, fits ? event : undefined, 1);
    else if (fits) this.deliveries.take({ event, attempt: 1, ack: () => undefined });
  }

  /** What is read begins after it. */
  async #start(): Promise<string> {
    const { from } = this.#options;
    if (from === 'start') return '0-0';
    if (from === 'new') return (await this.#info('last-generated-id')) ?? '0-0';
    return from.after;
  }

  /** Tells when events after that position are gone: some were removed, and all that are left are later. */
  async #lookForGap(after: string): Promise<void> {
    const [first, added, length] = await Promise.all(
      ['recorded-first-entry-id', 'entries-added', 'length'].map((name) => this.#info(name)),
    );
    if (after === '0-0' || first === undefined || Number(added) <= Number(length)) return;
    if (isBefore(after, first)) this.deliveries.fault(new EventsMissedError('redis', after));
  }

  /** A fact about the stream. Undefined when it is not there, or the server is older than the fact. */
  async #info(name: string): Promise<string | undefined> {
    try {
      const info = (await this.#session.command('XINFO', 'STREAM', this.#session.stream)) as unknown[];
      const at = info.findIndex((part) => String(part) === name);
      return at < 0 ? undefined : String(info[at + 1]);
    } catch (error) {
      if (isNoKey(error)) return undefined;
      throw error;
    }
  }

  /** Until it is woken, for so long at most. */
  #pause(ms: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

/** Positions do not compare as text. */
function isBefore(one: string, other: string): boolean {
  const [oneTime = 0, oneNumber = 0] = one.split('-').map(Number);
  const [otherTime = 0, otherNumber = 0] = other.split('-').map(Number);
  return oneTime < otherTime || (oneTime === otherTime && oneNumber < otherNumber);
}

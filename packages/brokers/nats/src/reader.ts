import { createHash } from 'node:crypto';
import {
  AckPolicy,
  DeliverPolicy,
  type Consumer,
  type ConsumerConfig,
  type ConsumerMessages,
  type JsMsg,
} from '@nats-io/jetstream';
import {
  BrokerClosedError,
  Deliveries,
  EventsMissedError,
  readHeaders,
  type Arrival,
  type CheckedSubscribeOptions,
  type Closed,
  type CloseOptions,
  type DeliveryHandler,
} from '@lockscope/delivery';
import { isConsumerThere, isNoConsumer } from './failure.ts';
import { nanos, type Open, type Session } from './session.ts';

/** How many events of a group may be with all its members, or wait to be handed over again. */
const mostUnacknowledged = 20_000;
const fetchMs = 5000;
/** Of so many events it is remembered how often they came: a server that was killed may have forgotten it. */
const mostRemembered = 20_000;

/** Brings the events of one subscription from a consumer of JetStream, for as long as it is open. */
export class Reader {
  readonly deliveries: Deliveries;
  readonly ready: Promise<void>;
  readonly #session: Session;
  readonly #filter: string;
  readonly #options: CheckedSubscribeOptions;
  #settleReady: { resolve(): void; reject(error: unknown): void } | undefined;
  #fetching: ConsumerMessages | undefined;
  #wake: (() => void) | undefined;
  #closed = false;
  /** The number of the next event in the stream. Undefined until it has begun. */
  #next: number | undefined;
  /** When the stream was made that it counts in. */
  #stream: string | undefined;
  /** What this process has of a group, and how long the server waits for a sign of life. */
  readonly #held = new Set<JsMsg>();
  readonly #attempts = new Map<number, number>();
  #ackWaitMs: number;
  #signs: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session, subject: string, handler: DeliveryHandler, options: CheckedSubscribeOptions) {
    this.#session = session;
    this.#filter = `${session.options.prefix}.${subject}`;
    this.#options = options;
    this.#ackWaitMs = options.ackWaitMs;
    this.deliveries = new Deliveries(handler, options, () => this.#wake?.());
    this.ready = new Promise((resolve, reject) => (this.#settleReady = { resolve, reject }));
    session.breaks.add(this.#stopFetching);
    void this.#run();
  }

  async close(options?: CloseOptions): Promise<Closed> {
    this.#closed = true;
    this.#session.breaks.delete(this.#stopFetching);
    this.#settleReady?.reject(new BrokerClosedError('nats'));
    this.#stopFetching();
    this.#wake?.();
    const closed = await this.deliveries.close(options);
    clearTimeout(this.#signs);
    // What was said of the last events is with the server before somebody else asks for more.
    await this.#session.link?.settle();
    return closed;
  }

  readonly #stopFetching = (): void => this.#fetching?.stop();

  async #run(): Promise<void> {
    for (let failures = 0; !this.#closed;) {
      try {
        const open = await this.#session.opened();
        const consumer = await this.#consumer(open);
        this.#settleReady?.resolve();
        failures = 0;
        await this.#pull(consumer, open);
      } catch (error) {
        if (this.#closed) return;
        this.deliveries.fault(this.#session.failure('subscribe', error));
        failures += 1;
        await this.#pause(Math.min(50 * 2 ** Math.min(failures, 10), 1000));
      }
    }
  }

  async #pull(consumer: Consumer, { link }: Open): Promise<void> {
    let delivered = 0;
    while (!this.#closed && link.isUp) {
      const { room } = this.deliveries;
      if (room === 0) {
        await this.#pause(60_000);
        continue;
      }
      const messages = await link.call(() => consumer.fetch({ max_messages: room, expires: fetchMs }));
      this.#fetching = messages;
      if (this.#closed || !link.isUp) messages.stop();
      for await (const message of messages) {
        delivered += 1;
        // A gap: something went to a connection that was breaking. The consumer is made anew behind what arrived.
        if (this.#options.group === undefined && message.info.deliverySequence !== delivered) return;
        this.#take(message);
      }
      // The consumer of a subscription without a group goes by what was sent, not by what arrived.
      if (!link.isUp) return;
    }
  }

  #take(message: JsMsg): void {
    const { prefix } = this.#session.options;
    this.#next = Math.max(this.#next ?? 0, message.seq + 1);
    const id = message.headers?.get('Nats-Msg-Id');
    const event: Arrival['event'] = {
      subject: message.subject.slice(prefix.length + 1),
      body: message.data,
      headers: headersOf(message),
      position: String(message.seq),
      ...(id !== undefined && id !== '' && { id }),
    };
    if (this.#options.group === undefined) {
      this.deliveries.take({ event, attempt: 1, ack: () => undefined });
      return;
    }
    this.#held.add(message);
    this.#signs ??= this.#nextSign();
    const leave = (say: () => void): void => {
      this.#held.delete(message);
      say();
    };
    this.deliveries.take({
      event,
      attempt: this.#attempt(message),
      ack: () => leave(() => message.ack()),
      redeliver: (delayMs) => leave(() => message.nak(Math.ceil(delayMs))),
      giveBack: () => leave(() => message.nak()),
    });
  }

  #attempt({ seq, info }: JsMsg): number {
    const attempt = Math.max(info.deliveryCount, (this.#attempts.get(seq) ?? 0) + 1);
    this.#attempts.set(seq, attempt);
    const [oldest] = this.#attempts.keys();
    if (this.#attempts.size > mostRemembered && oldest !== undefined) this.#attempts.delete(oldest);
    return attempt;
  }

  /** Tells the server that this process lives, so that nobody else gets what it has. */
  #nextSign(): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      for (const message of this.#held) message.working();
      this.#signs = this.#held.size === 0 ? undefined : this.#nextSign();
    }, this.#ackWaitMs / 3).unref();
  }

  async #consumer(open: Open): Promise<Consumer> {
    const { client } = open;
    const { stream } = this.#session.options;
    const { group } = this.#options;
    if (group !== undefined) return this.#groupConsumer(open, consumerName(group, this.#filter));
    const config = await this.#begin(open);
    const info = await open.link.call(() =>
      open.manager.consumers.add(stream, {
        ...config,
        filter_subject: this.#filter,
        ack_policy: AckPolicy.None,
        inactive_threshold: nanos(60_000),
        mem_storage: true,
      }),
    );
    return client.consumers.getConsumerFromInfo(info);
  }

  async #groupConsumer({ client, manager, link }: Open, name: string): Promise<Consumer> {
    const { stream } = this.#session.options;
    const begin = await this.#begin({ client, manager, link });
    const find = async () => {
      const info = await link.call(() => manager.consumers.info(stream, name));
      this.#ackWaitMs = (info.config.ack_wait ?? nanos(this.#ackWaitMs)) / 1_000_000;
      return client.consumers.getConsumerFromInfo(info);
    };
    try {
      return await find();
    } catch (error) {
      if (!isNoConsumer(error)) throw error;
    }
    try {
      await link.call(() =>
        manager.consumers.add(stream, {
          ...begin,
          durable_name: name,
          filter_subject: this.#filter,
          ack_policy: AckPolicy.Explicit,
          ack_wait: nanos(this.#ackWaitMs),
          max_deliver: -1,
          max_ack_pending: mostUnacknowledged,
        }),
      );
    } catch (error) {
      if (!isConsumerThere(error)) throw error;
    }
    return find();
  }

  /** Where a consumer that is made begins: by a number, so that one that is made again goes on there. */
  async #begin({ manager, link }: Open): Promise<Pick<ConsumerConfig, 'deliver_policy' | 'opt_start_seq'>> {
    const { from } = this.#options;
    const { state, created } = await link.call(() => manager.streams.info(this.#session.options.stream));
    if (this.#next === undefined) {
      if (from === 'new') this.#next = state.last_seq + 1;
      else this.#next = from === 'start' ? 1 : Number(from.after) + 1;
    } else if (created !== this.#stream) {
      // Another stream counts from 1 again, and all that is in it is new.
      this.#next = 1;
      this.#attempts.clear();
    }
    this.#stream = created;
    // Who begins at the start begins with the oldest that there is.
    if (this.#next > 1 && state.messages > 0 && state.first_seq > this.#next)
      this.deliveries.fault(new EventsMissedError('nats', String(this.#next - 1)));
    return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.#next };
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

function headersOf({ headers }: JsMsg): Readonly<Record<string, string>> {
  if (headers === undefined) return Object.freeze({});
  return readHeaders(headers.keys().map((name) => [name, headers.last(name)] as const));
}

/** A group belongs to its subject. Its name in NATS says the group to people, and has no character that is not taken. */
function consumerName(group: string, filter: string): string {
  return `${group}-${createHash('sha256').update(filter).digest('hex').slice(0, 12)}`;
}

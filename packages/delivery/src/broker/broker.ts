import type { Closable } from '../closable.ts';

/**
 * Carries events between processes: a log that is appended to, and read by those who subscribe, each at its own pace.
 * What a broker can do beyond that, it states in its `capabilities`.
 *
 * A subject is words with dots between them, `payment.created`; a word has letters, digits, `_` and `-`. To subscribe,
 * `*` stands for one word, and `>` at the end for one or more.
 */
export interface Broker extends Closable {
  /** `memory`, `nats`, `redis`, ... */
  readonly name: string;
  readonly capabilities: BrokerCapabilities;
  /**
   * Resolves when the broker has the event. Rejects with a `BrokerUnavailableError` when that is not known, and then
   * the event may be there or not: publish it again with the same `id`. Nothing is kept back for later; `brokerOutput`
   * does that.
   */
  publish(subject: string, body: Uint8Array, options?: PublishOptions): Promise<Published>;
  /**
   * Begins to hand events to `handler`. While the broker is away it tries to come back, without end, and goes on where
   * it was. An event is handled at least once: it is handed over again when its handler rejected, and to another member
   * of the group when its process died. Events come in the order of the log; one that failed comes again later and
   * lets those behind it pass.
   *
   * @throws {InvalidOptionsError} naming every option that is wrong, and a subject that is none.
   */
  subscribe(subject: string, handler: DeliveryHandler, options?: SubscribeOptions): Subscription;
  /**
   * Asks whoever responds to the subject, one of them, and resolves with its answer. Nothing is stored. Only where
   * `capabilities.requests`; elsewhere it rejects with a `BrokerCapabilityError`.
   */
  request(subject: string, body: Uint8Array, options?: BrokerRequestOptions): Promise<Reply>;
  /** Answers requests to the subject. Several who respond to one subject share its requests. */
  respond(subject: string, handler: Responder, options?: RespondOptions): Subscription;
  /** Resolves when everything that was published before is settled, one way or the other. */
  flush(): Promise<void>;
}

/** What a broker can do. Facts: the contract in `@lockscope/testkit` checks each. */
export interface BrokerCapabilities {
  /** `process`: it ends with this process. `network`: other processes reach it. */
  readonly reach: 'process' | 'network';
  /** Events and what groups have handled are there again after the broker was killed and started. */
  readonly durable: boolean;
  /** For so long a second event with the id of a first is not taken, in milliseconds. 0: it is always taken. */
  readonly deduplicatesMs: number;
  /** `request` and `respond` work. */
  readonly requests: boolean;
  /** The longest body, in bytes. */
  readonly maxBodyBytes: number;
}

/**
 * A place in the log of one broker. Text that only this broker can read; keep it to go on from there. Later events have
 * other positions, which do not compare as text.
 */
export type Position = string;

/** Options of `publish`. */
export interface PublishOptions {
  /** Names of letters, digits, `_`, `.` and `-` that begin with a letter, not with `nats-`; texts without control characters. At most 64. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Of the event. Where the broker `deduplicatesMs`, a second event with it is not taken. */
  readonly id?: string | undefined;
  /** Gives up waiting: rejects with the signal's reason, and the event may be there or not. */
  readonly signal?: AbortSignal | undefined;
}

/** What became of an event that was published. */
export interface Published {
  /** Where it is. Undefined where the broker does not say. */
  readonly position: Position | undefined;
  /** It was there already, by its id. */
  readonly duplicate: boolean;
}

/** An event on its way to a handler. */
export interface Delivery {
  readonly subject: string;
  readonly body: Uint8Array;
  /** From a foreign process, so not to be trusted. Own properties only. */
  readonly headers: Readonly<Record<string, string>>;
  /** The `id` that it was published with. */
  readonly id?: string;
  readonly position: Position;
  /** 1 for the first time it is handed to this group, or to this subscription when it has none. */
  readonly attempt: number;
  /** Aborts when the handler took longer than `timeoutMs`, and when the subscription is closed without waiting for it. */
  readonly signal: AbortSignal;
}

/** Resolves when the event is handled; rejects when it is to be handed over again. */
export type DeliveryHandler = (delivery: Delivery) => unknown;

/** Where a subscription begins: with what is published from now on, with the oldest that there is, or after a place. */
export type From = 'new' | 'start' | { readonly after: Position };

/** Options of `subscribe`. */
export interface SubscribeOptions {
  /**
   * Those who subscribe to one subject under one group share its events: each goes to one of them. The broker remembers
   * what a group has handled, also while none of them is there. Letters, digits, `_` and `-`, at most 64. Without a
   * group the subscription gets every event, and nothing is remembered when it ends.
   */
  readonly group?: string | undefined;
  /** Default `new`. A group begins here when it is made by the first who subscribes; after that it goes on where it was. */
  readonly from?: From | undefined;
  /** How many are handled at a time, at most 10,000. Default 1: one after the other. */
  readonly concurrency?: number | undefined;
  /** How many may wait here for their handler. More is faster, fewer is fairer within a group. Default 100. */
  readonly prefetch?: number | undefined;
  /** How many may be here in all: waiting, being handled, or waiting to be tried again. Default 1,000. */
  readonly maxPending?: number | undefined;
  /** A handler that takes longer has failed, in milliseconds: its signal aborts. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * After so many milliseconds without a sign of life from the process that has an event of a group, another gets it.
   * At least 200. Default 30,000.
   */
  readonly ackWaitMs?: number | undefined;
  /** How often an event is handed over before it is dead. Default 5. */
  readonly maxDeliveries?: number | undefined;
  /** The pause before an event that failed comes again, in milliseconds, or how it follows from the attempt that failed. Default 1,000. */
  readonly retryDelayMs?: number | ((attempt: number) => number) | undefined;
  /**
   * Told of each event that failed for the last time; it does not come again. When this throws or rejects, the event
   * comes again after the pause and is given to `onDead` again, so it can put dead events away safely.
   */
  readonly onDead?: ((delivery: Delivery, error: unknown) => unknown) | undefined;
  /** Told of what goes wrong: handlers, hooks, a broker that is away. Default: only counted. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Closes the subscription, without waiting for handlers. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `respond`. */
export interface RespondOptions extends Pick<SubscribeOptions, 'onError' | 'signal'> {
  /** How many requests are answered at a time, at most 10,000. Default 100. */
  readonly concurrency?: number | undefined;
}

/** A subscription. `close()` takes no more events, and resolves when the handlers that run have ended; `undelivered` is how many had arrived and were not handled. Those of a group stay with the broker. */
export interface Subscription extends Closable {
  readonly subject: string;
  /** Resolves when it has begun: from then on nothing is missed. Rejects when it was closed before. */
  readonly ready: Promise<void>;
  readonly stats: SubscriptionStats;
}

/** What became of the events of a subscription. */
export interface SubscriptionStats {
  /** Handed to the handler, each attempt counted. */
  readonly delivered: number;
  /** Of those, how often it was not the first time: a duplicate for a handler that had done its work before. */
  readonly redelivered: number;
  readonly handled: number;
  /** Attempts that failed or took too long. */
  readonly failed: number;
  readonly dead: number;
  /** Here now: waiting, being handled, or waiting to be tried again. */
  readonly pending: number;
  /** Errors of hooks and of the broker. */
  readonly errors: number;
}

/** A request as a responder gets it. */
export interface RequestDelivery {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** The answer to a request. What it throws or rejects with reaches the requester as a `ResponderError`. */
export type Responder = (request: RequestDelivery) => ReplyInput | Promise<ReplyInput>;

/** What a responder answers: the body, or the body with headers. */
export type ReplyInput = Uint8Array | Reply;

/** An answer. */
export interface Reply {
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Options of `request`. */
export interface BrokerRequestOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Rejects with a `BrokerTimeoutError` after so many milliseconds. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

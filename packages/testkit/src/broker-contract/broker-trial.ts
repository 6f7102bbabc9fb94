import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Broker, Delivery, SubscribeOptions, Subscription } from '@lockscope/delivery';

import type { BrokerSetup, CheckedBrokerOptions } from './options.ts';

/** One demand on a broker. */
export interface BrokerScript {
  readonly name: string;
  readonly body: (trial: BrokerTrial) => Promise<void>;
}

/** What a subscription of a case was handed, in order. */
export interface Heard {
  readonly subscription: Subscription;
  readonly texts: string[];
  readonly deliveries: Delivery[];
}

/** One run of one case. */
export class BrokerTrial {
  readonly broker: Broker;
  readonly setup: BrokerSetup;
  readonly options: CheckedBrokerOptions;
  readonly #brokers: Broker[];

  private constructor(setup: BrokerSetup, options: CheckedBrokerOptions) {
    this.setup = setup;
    this.broker = setup.broker;
    this.options = options;
    this.#brokers = [setup.broker];
  }

  static async run(options: CheckedBrokerOptions, { body }: BrokerScript): Promise<void> {
    const setup = await options.create();
    const trial = new BrokerTrial(setup, options);
    try {
      await body(trial);
    } finally {
      const signal = AbortSignal.abort();
      for (const broker of trial.#brokers) await trial.soon(broker.close({ signal })).catch(() => undefined);
      await setup.close?.();
    }
  }

  /** Another connection where there can be one, else the same. */
  async another(): Promise<Broker> {
    if (this.setup.connect === undefined) return this.broker;
    const broker = await this.setup.connect();
    this.#brokers.push(broker);
    return broker;
  }

  /** Publishes one text after the other. */
  async publish(subject: string, ...texts: readonly string[]): Promise<void> {
    for (const text of texts) await this.soon(this.broker.publish(subject, bytes(text)));
  }

  /** Subscribes, and resolves when it has begun. */
  async hear(
    subject: string,
    options: SubscribeOptions = {},
    handler: (delivery: Delivery) => unknown = () => undefined,
    broker: Broker = this.broker,
  ): Promise<Heard> {
    const texts: string[] = [];
    const deliveries: Delivery[] = [];
    const hear = (delivery: Delivery): unknown => {
      texts.push(textOf(delivery.body));
      deliveries.push(delivery);
      return handler(delivery);
    };
    const subscription = broker.subscribe(subject, hear, { retryDelayMs: 10, ...options });
    await this.soon(subscription.ready);
    return { subscription, texts, deliveries };
  }

  /** Resolves when it holds; fails when it does not within `settleMs`. */
  async until(holds: () => boolean, what: string): Promise<void> {
    const end = performance.now() + this.options.settleMs;
    while (!holds()) {
      assert.ok(performance.now() < end, `${what}: not within ${this.options.settleMs} ms`);
      await sleep(5);
    }
  }

  /** Long enough for what must not happen to happen. */
  quiet(): Promise<void> {
    return sleep(this.options.quietMs);
  }

  /** The promise, or a failure when it does not settle in time. */
  async soon<T>(promise: Promise<T>): Promise<T> {
    const stop = new AbortController();
    const late = sleep(this.options.settleMs, undefined, stop).then(
      () => assert.fail(`it did not settle within ${this.options.settleMs} ms`),
      () => new Promise<never>(() => undefined),
    );
    return Promise.race([promise, late]).finally(() => stop.abort());
  }

  /** The literal code that the promise rejects with. */
  async codeOf(promise: Promise<unknown>): Promise<unknown> {
    try {
      await this.soon(promise);
    } catch (error) {
      return (error as { readonly code?: unknown }).code;
    }
    return assert.fail('it did not reject');
  }
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}

export function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, number) => String(number));
}

import { Registry } from 'prom-client';

import { ListenerSet, type EventDetails, type EventInit, type ListenerFault, type OpenEvent } from '@lockscope/core';

import { prometheus, type PrometheusListener, type PrometheusOptions } from '../src/index.ts';
import { parseText, type Line } from './text-format.ts';

/** A clock that moves when a test says so. */
export class ScriptedClock {
  #wall = Date.UTC(2026, 0, 1);
  #elapsed = 5000;

  now(): number {
    return this.#wall + this.#elapsed;
  }
  monotonic(): number {
    return this.#elapsed;
  }
  pass(ms: number): void {
    this.#elapsed += ms;
  }
  /** Somebody sets the wall clock. */
  step(ms: number): void {
    this.#wall += ms;
  }
}

export type Labels = Readonly<Record<string, string>>;

/** How an acquire or a possession went, where it is not the usual. */
export interface Course extends Partial<EventInit> {
  readonly waitMs?: number;
  readonly holdMs?: number;
  readonly attempts?: number;
}

/** A process with a listener, its registry, and events that are told to it. */
export class FakeProcess {
  readonly clock: ScriptedClock = new ScriptedClock();
  readonly registry: Registry;
  readonly listener: PrometheusListener;
  readonly set: ListenerSet;
  readonly #faults: ListenerFault[] = [];

  constructor(options: PrometheusOptions = {}) {
    this.registry = (options.registry as Registry | undefined) ?? new Registry();
    this.listener = prometheus({ clock: this.clock, ...options, registry: this.registry });
    this.set = new ListenerSet({
      listeners: [this.listener],
      clock: this.clock,
      onListenerError: (fault) => void this.#faults.push(fault),
    });
  }

  begin(init: Partial<EventInit> = {}): OpenEvent<'lock'> {
    const defaults = { lockName: 'orders/{id}', lockKey: 'orders/42', storageName: 'redis' };
    return begun(this.set.begin('lock', { ...defaults, ...init }));
  }

  /** Acquires without contention; the root is still running. */
  hold({ waitMs = 2, attempts = 1, ...init }: Course = {}): OpenEvent<'lock'> {
    const lock = this.begin(init);
    const acquire = begun(lock.child('lock.acquire'));
    this.clock.pass(waitMs);
    acquire.end('acquired', { details: { attempts, waitMs, contended: false, fencingToken: 1 } });
    return lock;
  }

  /** One lock and unlock. */
  cycle({ holdMs = 20, ...course }: Course = {}): void {
    const lock = this.hold(course);
    this.clock.pass(holdMs);
    lock.end('released', { details: possession({ holdMs }) });
  }

  /** What the registry prints, read back. A fault of the listener would be lost otherwise, so it is thrown here. */
  async lines(): Promise<Line[]> {
    const fault = this.#faults.find(({ listener }) => listener === this.listener.name);
    if (fault !== undefined) throw fault.error;
    return parseText(await this.registry.metrics());
  }

  /** The value of the one series with exactly these labels; undefined when there is none. */
  async value(name: string, labels: Labels): Promise<number | undefined> {
    const wanted = Object.entries(labels);
    const found = (await this.lines()).filter(
      (line) =>
        line.name === name &&
        Object.keys(line.labels).length === wanted.length &&
        wanted.every(([label, value]) => line.labels[label] === value),
    );
    return found[0]?.value;
  }

  /** The sum over all series of that name which have these labels, to the nanosecond. */
  async sum(name: string, labels: Labels = {}): Promise<number> {
    const found = (await this.lines()).filter(
      (line) => line.name === name && Object.entries(labels).every(([label, value]) => line.labels[label] === value),
    );
    return Math.round(found.reduce((sum, { value }) => sum + value, 0) * 1e9) / 1e9;
  }
}

export function begun<T>(event: T | undefined): T {
  if (event === undefined) throw new Error('nobody wants this event');
  return event;
}

/** Details of a possession. */
export function possession(more: Partial<EventDetails['lock']> = {}): EventDetails['lock'] {
  return { contended: false, waitMs: 0, leaseMs: 30_000, renewals: 0, depth: 1, ...more };
}

import {
  ListenerSet,
  type Blocker,
  type EventDetails,
  type EventInit,
  type ListenerFault,
  type OpenEvent,
} from '@lockscope/core';

import { log, type LogListener, type LogOptions } from '../src/index.ts';

/** Events told to one log listener, on a clock that stands still until it is moved. */
export class Script {
  readonly listener: LogListener;
  readonly faults: ListenerFault[] = [];
  readonly start = Date.UTC(2026, 10, 20, 12, 0, 0);
  now = 0;
  readonly listeners: ListenerSet;

  constructor(options: LogOptions) {
    this.listener = log(options);
    this.listeners = new ListenerSet({
      listeners: [this.listener],
      onListenerError: (fault) => this.faults.push(fault),
      clock: { now: () => this.start + this.now, monotonic: () => this.now },
    });
  }

  begin(init: Partial<EventInit> = {}): OpenEvent<'lock'> {
    const lock = this.listeners.begin('lock', {
      lockName: 'orders/{id}',
      lockKey: 'orders/42',
      ownerId: 'api-1',
      operation: 'cron:reprice',
      storageName: 'memory',
      ...init,
    });
    if (lock === undefined) throw new Error('nobody listens');
    return lock;
  }

  /** Request, grant after `waitMs`, release after `holdMs`. */
  cycle({ waitMs = 1, holdMs = 10, blocker, ...init }: Partial<EventInit> & CycleOptions = {}): OpenEvent<'lock'> {
    const lock = this.begin(init);
    const acquire = lock.child('lock.acquire');
    if (blocker !== undefined) acquire?.action('acquire.contended', { blocker });
    this.now += waitMs;
    const contended = blocker !== undefined;
    acquire?.end('acquired', {
      details: { attempts: 1, waitMs, contended, fencingToken: 118, ...(contended && { blocker }) },
    });
    this.now += holdMs;
    lock.end('released', { details: { ...possession, waitMs, holdMs, contended } });
    return lock;
  }
}

interface CycleOptions {
  readonly waitMs?: number;
  readonly holdMs?: number;
  readonly blocker?: Blocker;
}

export const possession: EventDetails['lock'] = {
  contended: false,
  waitMs: 1,
  holdMs: 10,
  fencingToken: 118,
  leaseMs: 30_000,
  renewals: 0,
  depth: 1,
};

export const blocker: Blocker = {
  ownerId: 'checkout-7f9c',
  operation: 'POST /checkout',
  service: 'checkout',
  host: 'node-3',
  pid: 4121,
  fencingToken: 118,
  heldForMs: 2100,
};

/** A stream that keeps what it gets. */
export class Sheet {
  text = '';
  readonly write = (chunk: string): boolean => {
    this.text += chunk;
    return true;
  };
  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

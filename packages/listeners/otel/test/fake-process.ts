import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
  type Sampler,
} from '@opentelemetry/sdk-trace-base';
import {
  fewValuedAttributes,
  ListenerSet,
  manyValuedAttributes,
  type Blocker,
  type EventDetails,
  type EventInit,
  type ListenerFault,
  type OpenEvent,
} from '@lockscope/core';

import { otel, type OtelListener, type OtelOptions } from '../src/index.ts';

const known = new Set([...Object.keys(fewValuedAttributes), ...Object.keys(manyValuedAttributes)]);

/** What an application has before any lock: without a context manager the API has no current span. */
export function useAsyncContext(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}

/** A process with a tracer provider, a clock and a set of listeners of its own. */
export class FakeProcess {
  readonly provider: BasicTracerProvider;
  readonly listener: OtelListener;
  readonly listeners: ListenerSet;
  readonly faults: ListenerFault[] = [];
  readonly start = 1_763_600_000_000;
  now = 0;
  readonly #exporter = new InMemorySpanExporter();

  constructor({ sampler, ...options }: OtelOptions & { readonly sampler?: Sampler } = {}) {
    const spanProcessors = [new SimpleSpanProcessor(this.#exporter)];
    this.provider = new BasicTracerProvider({ spanProcessors, ...(sampler !== undefined && { sampler }) });
    this.listener = otel({ tracerProvider: this.provider, ...options });
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
      ownerId: 'api-1:4121',
      operation: 'POST /orders',
      storageName: 'memory',
      ...init,
    });
    if (lock === undefined) throw new Error('nobody listens');
    return lock;
  }

  /** The spans that have ended. None may carry an attribute that core's catalogue does not have. */
  get spans(): ReadableSpan[] {
    const spans = this.#exporter.getFinishedSpans();
    for (const { name, attributes, events, links } of spans) {
      for (const carrier of [{ attributes }, ...events, ...links]) {
        const strange = Object.keys(carrier.attributes ?? {}).filter((key) => !known.has(key));
        if (strange.length > 0)
          throw new Error(`${name} has attributes from outside the catalogue: ${strange.join(', ')}`);
      }
    }
    return spans;
  }

  span(name: string): ReadableSpan {
    const [span, ...others] = this.spans.filter((one) => one.name === name);
    if (span === undefined || others.length > 0) {
      throw new Error(`${others.length + (span === undefined ? 0 : 1)} spans of the name ${name}`);
    }
    return span;
  }
}

/** Epoch milliseconds of a span's time. */
export function epochMs([seconds, nanos]: readonly [number, number]): number {
  return seconds * 1000 + nanos / 1e6;
}

export const released: EventDetails['lock'] = {
  contended: false,
  waitMs: 2,
  holdMs: 40,
  fencingToken: 7,
  leaseMs: 30_000,
  renewals: 0,
  depth: 1,
};

export const acquired: EventDetails['lock.acquire'] = { attempts: 1, waitMs: 2, contended: false, fencingToken: 7 };

export function blockerWith(traceparent: string | undefined, more: Partial<Blocker> = {}): Blocker {
  return {
    ownerId: 'checkout-7f9c:88',
    fencingToken: 117,
    operation: 'POST /checkout',
    service: 'checkout',
    host: 'node-3',
    pid: 88,
    heldForMs: 2100,
    ...(traceparent !== undefined && { traceparent }),
    ...more,
  };
}

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { context, ROOT_CONTEXT, trace, TraceFlags, type Context } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace-base';
import { ListenerSet, type Blocker } from '@lockscope/core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import { linkAwareSampler, otel } from '../src/index.ts';
import { acquired, blockerWith, FakeProcess, released, useAsyncContext } from './fake-process.ts';

beforeAll(useAsyncContext);

const blocker = blockerWith('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');

function contendedCycle(app: FakeProcess): string | undefined {
  const lock = app.begin();
  const traceparent = lock.traceparent();
  const acquire = lock.child('lock.acquire');
  acquire?.action('acquire.contended', { blocker });
  acquire?.action('acquire.blocker_changed', { previous: blocker, blocker });
  acquire?.action('acquire.waiting', { waitedMs: 1000, blocker });
  acquire?.end('acquired', { details: acquired });
  lock.child('lease.renew')?.end('failed', { error: new Error('no') });
  lock.action('lease.suspect', { failures: 1, remainingMs: 1 });
  lock.end('released', { details: released });
  return traceparent;
}

it('a sampler that looks at links has to have one inside', () => {
  expect(() => linkAwareSampler(undefined as never)).toThrow('the sampler inside must have shouldSample()');
});

describe('a lock that is sampled out', () => {
  it('exports nothing, and still gives waiters a context that says so', () => {
    const app = new FakeProcess({ sampler: new AlwaysOffSampler() });
    expect(contendedCycle(app)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(app.spans).toEqual([]);
    expect(app.faults).toEqual([]);
  });

  it('computes no attribute at its end', () => {
    const app = new FakeProcess({ sampler: new AlwaysOffSampler() });
    const lock = app.begin();
    let read = 0;
    const details = Object.defineProperty({ ...released }, 'waitMs', { enumerable: true, get: () => (read += 1) });
    lock.end('released', { details });
    expect(read).toBe(0);
  });

  it('shows waiters that their blocker was not sampled', () => {
    const holder = new FakeProcess({ sampler: new AlwaysOffSampler() });
    const waiter = new FakeProcess();
    const acquire = waiter.begin().child('lock.acquire');
    acquire?.action('acquire.contended', { blocker: blockerWith(holder.begin().traceparent()) });
    acquire?.end('acquired', { details: acquired });
    const wait = waiter.span('wait orders/{id}');
    expect(wait.attributes['lock.blocker.sampled']).toBe(false);
    expect(wait.links[0]?.context.traceFlags).toBe(TraceFlags.NONE);
  });

  it('still has its wait kept by a sampler that looks at links', () => {
    const app = new FakeProcess({ sampler: linkAwareSampler(new AlwaysOffSampler()) });
    contendedCycle(app);
    expect(app.spans.map(({ name }) => name)).toEqual(['wait orders/{id}']);
    expect(app.span('wait orders/{id}').links[0]?.context.spanId).toBe('b7ad6b7169203331');
  });

  it('follows the decision of the caller when the sampler does', () => {
    const app = new FakeProcess({ sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }) });
    const remote = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: TraceFlags.SAMPLED,
    });
    context.with(remote, () => contendedCycle(app));
    contendedCycle(app);
    expect(app.spans.filter(({ name }) => name === 'lock orders/{id}')).toHaveLength(1);
  });

  it('lets its sampler see which lock it is', () => {
    const seen: unknown[] = [];
    const sampler: Sampler = {
      shouldSample: (...[, , name, , attributes]) => {
        seen.push([name, { ...attributes }]);
        return { decision: SamplingDecision.NOT_RECORD };
      },
    };
    new FakeProcess({ sampler }).begin();
    expect(seen).toEqual([
      [
        'lock orders/{id}',
        {
          'lock.name': 'orders/{id}',
          'lock.key': 'orders/42',
          'lock.mode': 'exclusive',
          'lock.system': 'memory',
          'lock.operation': 'POST /orders',
        },
      ],
    ]);
  });
});

describe('a sampler that looks at links', () => {
  const unsampled = blockerWith('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00');

  function wait(app: FakeProcess, by: Blocker): void {
    const lock = app.begin();
    const acquire = lock.child('lock.acquire');
    acquire?.action('acquire.contended', { blocker: by });
    acquire?.end('acquired', { details: { ...acquired, contended: true } });
    lock.end('released', { details: released });
  }

  it('asks the sampler inside about all that links to nothing that was kept', () => {
    const app = new FakeProcess({ sampler: linkAwareSampler(new AlwaysOffSampler()) });
    wait(app, unsampled);
    wait(app, blockerWith(undefined));
    expect(app.spans).toEqual([]);
    const all = new FakeProcess({ sampler: linkAwareSampler(new AlwaysOnSampler()) });
    wait(all, unsampled);
    expect(all.spans).toHaveLength(2);
  });

  it('keeps a wait below a lock that a sampler which follows parents dropped', () => {
    const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0) });
    const app = new FakeProcess({ sampler: linkAwareSampler(sampler) });
    wait(app, blocker);
    expect(app.spans.map(({ name }) => name)).toEqual(['wait orders/{id}']);
    expect(app.spans[0]?.parentSpanContext).toMatchObject({ traceFlags: TraceFlags.NONE });
  });

  it('keeps what the sampler inside adds', () => {
    const inner: Sampler = {
      shouldSample: () => ({ decision: SamplingDecision.RECORD, attributes: { 'lock.operation': 'sampled' } }),
    };
    const app = new FakeProcess({ sampler: linkAwareSampler(inner) });
    wait(app, blocker);
    expect(app.span('wait orders/{id}').attributes['lock.operation']).toBe('sampled');
    expect(String(linkAwareSampler(new AlwaysOffSampler()))).toBe('LinkAwareSampler{AlwaysOffSampler}');
  });

  it('leaves attributes that name the blocker where it drops nine of ten traces', () => {
    const holders = new FakeProcess({ sampler: new TraceIdRatioBasedSampler(0.1) });
    const waiters = new FakeProcess({ sampler: linkAwareSampler(new TraceIdRatioBasedSampler(0.1)) });
    for (let n = 0; n < 500; n += 1) {
      const held = holders.begin({ ownerId: `holder-${n}` });
      wait(waiters, blockerWith(held.traceparent(), { ownerId: `holder-${n}` }));
      held.end('released', { details: released });
    }
    const kept = new Map(holders.spans.map((span) => [span.attributes['lock.owner.id'], span.spanContext()]));
    const waits = waiters.spans.filter(({ name }) => name.startsWith('wait '));
    expect(kept.size).toBeGreaterThan(10);
    expect(kept.size).toBeLessThan(150);
    for (const { attributes, links } of waits) {
      const stored = kept.get(attributes['lock.blocker.owner.id']);
      expect(attributes['lock.blocker.sampled']).toBe(stored !== undefined);
      expect(links[0]?.attributes?.['lock.blocker.owner.id']).toBe(attributes['lock.blocker.owner.id']);
      if (stored !== undefined) expect(links[0]?.context.spanId).toBe(stored.spanId);
    }
    // Every wait for a holder that was kept is kept, and some of the others.
    const followed = new Set(waits.map(({ attributes }) => attributes['lock.blocker.owner.id']));
    for (const ownerId of kept.keys()) expect(followed).toContain(ownerId);
  });
});

describe('without an SDK', () => {
  afterEach(() => trace.disable());

  const noSdk = (): { tracerProvider: ReturnType<typeof trace.getTracerProvider> } => ({
    tracerProvider: { getTracer: () => trace.getTracer('none') },
  });

  it('nothing happens, nothing is offered, nothing throws', () => {
    const app = new FakeProcess(noSdk());
    expect(contendedCycle(app)).toBeUndefined();
    expect(app.begin().around(() => 7)).toBe(7);
    expect(app.faults).toEqual([]);
  });

  it("the caller's own trace context is not mistaken for the lock's", () => {
    const app = new FakeProcess(noSdk());
    const spanContext = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
    context.with(trace.setSpanContext(ROOT_CONTEXT, spanContext), () => {
      expect(app.begin().traceparent()).toBeUndefined();
    });
  });

  it('an SDK that is registered later is used from then on', () => {
    const listener = otel();
    const listeners = new ListenerSet({ listeners: [listener] });
    listeners.begin('lock', { lockName: 'a', lockKey: 'a' })?.end('released');
    const sdk = new FakeProcess();
    trace.setGlobalTracerProvider(sdk.provider);
    listeners.begin('lock', { lockName: 'b', lockKey: 'b' })?.end('released');
    expect(sdk.spans.map(({ name }) => name)).toEqual(['lock b']);
  });
});

describe('the trace context of a lock', () => {
  it('is that of its span', () => {
    const app = new FakeProcess();
    const lock = app.begin();
    const offered = lock.traceparent();
    const fromChild = lock.child('lock.acquire')?.traceparent();
    lock.end('released', { details: released });
    const { traceId, spanId } = app.span('lock orders/{id}').spanContext();
    expect(offered).toBe(`00-${traceId}-${spanId}-01`);
    expect(fromChild).toBe(offered);
  });

  it('stays in the process when propagation is off', () => {
    const app = new FakeProcess({ propagate: false });
    const lock = app.begin();
    expect(lock.traceparent()).toBeUndefined();
    lock.end('released');
    expect(app.spans).toHaveLength(1);
  });

  it('is not offered once the lock is over', () => {
    const lock = new FakeProcess().begin();
    lock.end('released');
    expect(lock.traceparent()).toBeUndefined();
  });
});

describe('a listener that is removed while a lock is held', () => {
  it('keeps nothing of it', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const app = new FakeProcess();
    const parents: WeakRef<Context>[] = [];
    const listeners = new ListenerSet();
    const remove = listeners.add(app.listener);
    for (let n = 0; n < 100; n += 1) {
      const caller = context.active().setValue(Symbol('caller'), n);
      parents.push(new WeakRef(caller));
      context.with(caller, () => listeners.begin('lock', { lockName: 'a', lockKey: 'a' }));
    }
    remove();
    // A turn of the loop, because a WeakRef holds its target until the job that made it is over.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(app.listener.droppedLinks).toBe(0);
    // A collector may still see the last one or two on the stack.
    expect(parents.filter((parent) => parent.deref() !== undefined).length).toBeLessThan(10);
  });
});

// What a scripted cycle (request, grant, release) costs with this listener, beside the same spans written by hand.
// Run after a build: taskset -c 1 node packages/listeners/otel/bench/otel.bench.mjs [rounds] [ms per case]
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { ListenerSet } from '@lockscope/core';
import { otel, otelMetrics } from '@lockscope/listener-otel';

import { cpuClock, measure, print } from '../../../../test/bench/rounds.mjs';

const rounds = Number(process.argv[2] ?? 21);
const roundMs = Number(process.argv[3] ?? 300);

const nowhere = { export: (spans, done) => done({ code: 0 }), shutdown: async () => {} };
const provider = (sampler) => {
  const processor = new BatchSpanProcessor(nowhere, { maxQueueSize: 4096, maxExportBatchSize: 512 });
  return Object.assign(new BasicTracerProvider({ sampler, spanProcessors: [processor] }), { processor });
};
const on = provider(new AlwaysOnSampler());
const off = provider(new AlwaysOffSampler());
const none = { getTracer: () => trace.getTracer('no sdk') };

const init = {
  lockName: 'orders/{id}',
  lockKey: 'orders/42',
  ownerId: 'api-1:4121:9',
  operation: 'POST /orders',
  storageName: 'memory',
};
const details = {
  contended: false,
  waitMs: 1.2,
  holdMs: 3.4,
  fencingToken: 118,
  leaseMs: 30000,
  renewals: 0,
  depth: 1,
};
const acquired = { attempts: 1, waitMs: 1.2, contended: false, fencingToken: 118 };
const blocker = {
  ownerId: 'checkout-7f9c:88',
  fencingToken: 117,
  operation: 'POST /checkout',
  service: 'checkout',
  host: 'node-3',
  pid: 88,
  heldForMs: 2100,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

const segments = [
  { kind: 'held_by', ms: 0.9, blocker },
  { kind: 'handoff', ms: 0.1 },
  { kind: 'store', ms: 0.2 },
];
const waited = { ...acquired, contended: true, blocker, segments, predecessor: blocker };

function cycle(set, contended) {
  const lock = set.begin('lock', init);
  const acquire = lock?.child('lock.acquire');
  lock?.traceparent();
  if (contended) acquire?.action('acquire.contended', { blocker, queueDepth: 1 });
  acquire?.end('acquired', { details: contended ? waited : acquired });
  lock?.end('released', { details });
}

/** The same spans, attributes and link, by hand: what a careful engineer writes around a lock. */
function byHand(tracer, contended) {
  const span = tracer.startSpan('lock orders/{id}', {
    attributes: {
      'lock.name': init.lockName,
      'lock.mode': 'exclusive',
      'lock.key': init.lockKey,
      'lock.system': init.storageName,
      'lock.operation': init.operation,
    },
  });
  const { traceId, spanId, traceFlags } = span.spanContext();
  const record = `00-${traceId}-${spanId}-0${traceFlags}`;
  // As a storage would: it is sent, so V8 has to join its parts.
  record.charCodeAt(54);
  if (contended) {
    const [, traceIdOf, spanIdOf] = blocker.traceparent.split('-');
    const seen = {
      'lock.blocker.owner.id': blocker.ownerId,
      'lock.blocker.operation': blocker.operation,
      'lock.blocker.service': blocker.service,
      'lock.blocker.host': blocker.host,
      'lock.blocker.pid': blocker.pid,
      'lock.blocker.fencing_token': blocker.fencingToken,
      'lock.blocker.held_for': blocker.heldForMs / 1000,
      'lock.blocker.trace_id': traceIdOf,
      'lock.blocker.span_id': spanIdOf,
      'lock.blocker.sampled': true,
    };
    const wait = tracer.startSpan(
      'wait orders/{id}',
      {
        attributes: {
          'lock.name': init.lockName,
          'lock.mode': 'exclusive',
          'lock.key': init.lockKey,
          'lock.system': init.storageName,
          'lock.operation': init.operation,
          ...seen,
          'lock.queue.depth': 1,
        },
        links: [
          {
            context: { traceId: traceIdOf, spanId: spanIdOf, traceFlags: 1, isRemote: true },
            attributes: { 'lock.link.type': 'blocked_by', ...seen },
          },
        ],
      },
      trace.setSpan(context.active(), span),
    );
    const parts = {
      'lock.wait.held_by': 0.0009,
      'lock.wait.handoff': 0.0001,
      'lock.wait.store': 0.0002,
      'lock.segments': 3,
    };
    if (wait.isRecording()) wait.setAttributes({ 'lock.outcome': 'acquired', 'lock.attempts': 1, ...parts });
    wait.end();
    if (span.isRecording()) {
      span.setAttributes(parts);
      span.addLink({
        context: { traceId: traceIdOf, spanId: spanIdOf, traceFlags: 1, isRemote: true },
        attributes: { 'lock.link.type': 'handed_off_from', ...seen },
      });
    }
  }
  if (span.isRecording()) {
    span.setAttributes({
      'lock.outcome': 'released',
      'lock.owner.id': init.ownerId,
      'lock.attempts': 1,
      'lock.contended': contended,
      'lock.acquire.duration': 0.0012,
      'lock.hold.duration': 0.0034,
      'lock.fencing_token': 118,
    });
  }
  span.end();
  return record;
}

class Reader extends MetricReader {
  onForceFlush() {}
  onShutdown() {}
}
const meterProvider = new MeterProvider({ readers: [new Reader()] });

/** The same metrics of an uncontended cycle, by hand. */
function metricsByHand(meter) {
  const acquires = meter.createHistogram('hand.acquire', { unit: 's' });
  const attempts = meter.createCounter('hand.attempts');
  const holds = meter.createHistogram('hand.hold', { unit: 's' });
  const holders = meter.createUpDownCounter('hand.holders');
  const of = { 'lock.name': init.lockName, 'lock.system': init.storageName };
  return () => {
    const got = { ...of, 'lock.mode': 'exclusive', 'lock.outcome': 'acquired', 'lock.contended': 'false' };
    acquires.record(0.0012, got);
    attempts.add(1, { ...of, 'lock.attempt_result': 'acquired' });
    holders.add(1, of);
    holders.add(-1, of);
    holds.record(0.0034, { ...of, 'lock.mode': 'exclusive', 'lock.release_reason': 'released' });
  };
}

const types = ['lock', 'lock.acquire', 'lease.renew', 'lease.lost'];
const idle = { name: 'idle', types, onStart() {}, onAction() {}, on() {} };
const sets = Object.fromEntries(
  [
    ['idle', idle],
    ['none', otel({ tracerProvider: none })],
    ['off', otel({ tracerProvider: off })],
    ['on', otel({ tracerProvider: on })],
    ['metrics', otelMetrics({ meterProvider })],
  ].map(([name, listener]) => [name, new ListenerSet({ listeners: [listener] })]),
);
const hands = Object.fromEntries(
  [
    ['none', none],
    ['off', off],
    ['on', on],
  ].map(([name, of]) => [name, of.getTracer('by hand')]),
);
const cases = [];
for (const contended of [false, true]) {
  const how = contended ? 'contended' : 'uncontended';
  cases.push([`${how}: event tree, a listener that does nothing`, () => cycle(sets.idle, contended)]);
  for (const [name, title] of [
    ['none', 'no SDK'],
    ['off', 'sampled out'],
    ['on', 'sampled in'],
  ]) {
    cases.push([`${how}, ${title}: otel()`, () => cycle(sets[name], contended)]);
    cases.push([`${how}, ${title}: by hand`, () => byHand(hands[name], contended)]);
  }
}
cases.push(['uncontended, metrics: otelMetrics()', () => cycle(sets.metrics, false)]);
cases.push(['uncontended, metrics: by hand', metricsByHand(meterProvider.getMeter('by hand'))]);

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const rows = await measure(
  cases.map(([name, once]) => ({ name, run: (times) => inBatches(once, times) })),
  // In CPU time, so that other load on the machine counts less.
  { rounds, roundMs, clock: cpuClock() },
);
print(`A scripted cycle, told to a tracer: CPU time, ${rounds} rounds of ${roundMs} ms`, rows);
process.exit(0);

/** Small batches with a flush, or the processor's queue fills up and spans are dropped for nothing. */
async function inBatches(once, times) {
  for (let done = 0; done < times; done += 500) {
    for (let n = Math.min(500, times - done); n > 0; n -= 1) once();
    await on.processor.forceFlush();
  }
}

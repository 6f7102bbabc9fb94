// What spans and metrics add to a lock (goals 5 and 6): by hand, as a careful engineer writes it, beside the listeners.
// Like for like: the same lock, a lock span and an operation span each time, the same four metrics, sampled or not.
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { otel } from '@lockscope/listener-otel';
import { prometheus } from '@lockscope/listener-prometheus';
import { createLocks } from '@lockscope/storage-lock';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import { cycle } from './cycle.mjs';
import { nullStorage } from './null-storage.mjs';
import { judge, measure, print } from './rounds.mjs';

const exporter = {
  export: (_spans, done) => done({ code: 0 }),
  shutdown: () => Promise.resolve(),
  forceFlush: () => Promise.resolve(),
};

function provider(sampler) {
  const processor = new BatchSpanProcessor(exporter, {
    maxQueueSize: 4096,
    maxExportBatchSize: 512,
    scheduledDelayMillis: 100,
  });
  return new BasicTracerProvider({ sampler, spanProcessors: [processor] });
}

async function run() {
  const manager = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(manager);
  const sampled = provider(new AlwaysOnSampler());
  const unsampled = provider(new AlwaysOffSampler());
  const locks = (...listeners) => createLocks({ storage: nullStorage(), listeners });
  const rows = await measure([
    cycle('no listener', locks()),
    byHand('metrics by hand, prom-client', locks(), undefined),
    cycle('prometheus()', locks(prometheus({ registry: new Registry() }))),
    byHand('spans and metrics by hand, sampled', locks(), sampled),
    cycle(
      'otel() and prometheus(), sampled',
      locks(otel({ tracerProvider: sampled }), prometheus({ registry: new Registry() })),
    ),
    byHand('spans and metrics by hand, unsampled', locks(), unsampled),
    cycle(
      'otel() and prometheus(), unsampled',
      locks(otel({ tracerProvider: unsampled }), prometheus({ registry: new Registry() })),
    ),
    cycle('otel(), no SDK', locks(otel())),
  ]);
  print('An acquire and a release with spans and metrics, null storage', rows);
  const added = (name) => rows.find((row) => row.name === name).ratio - 1;
  judge(
    'metrics alone, added time against by hand',
    added('prometheus()') / added('metrics by hand, prom-client'),
    0.7,
  );
  judge(
    'goal 5, added time against by hand',
    added('otel() and prometheus(), sampled') / added('spans and metrics by hand, sampled'),
    0.7,
  );
  judge(
    'goal 6, added time against by hand',
    added('otel() and prometheus(), unsampled') / added('spans and metrics by hand, unsampled'),
    0.6,
  );
  context.disable();
}

/** Metrics as in performance.md's hand version: operations, their duration, the hold, the holders. */
function handMetrics() {
  const registers = [new Registry()];
  const labelNames = ['lock_name', 'lock_system', 'lock_mode', 'lock_outcome', 'lock_contended'];
  return {
    acquires: new Histogram({ name: 'acquire_seconds', help: 'h', labelNames, registers }),
    attempts: new Counter({
      name: 'attempts_total',
      help: 'h',
      labelNames: ['lock_name', 'lock_system', 'lock_attempt_result'],
      registers,
    }),
    holds: new Histogram({
      name: 'hold_seconds',
      help: 'h',
      labelNames: ['lock_name', 'lock_system', 'lock_mode', 'lock_release_reason'],
      registers,
    }),
    held: new Gauge({ name: 'held', help: 'h', labelNames: ['lock_name', 'lock_system'], registers }),
    store: new Histogram({
      name: 'store_seconds',
      help: 'h',
      labelNames: ['lock_system', 'lock_store_operation', 'error_type'],
      registers,
    }),
  };
}

function byHand(name, locks, tracerProvider) {
  const tracer = tracerProvider?.getTracer('by-hand');
  const { acquires, attempts, holds, held, store } = handMetrics();
  const lockLabels = { lock_name: 'orders/{id}', lock_system: 'null' };
  const traced = (span, fn) => (tracer === undefined ? fn() : context.with(trace.setSpan(context.active(), span), fn));
  const once = async () => {
    const start = performance.now();
    const span = tracer?.startSpan('lock orders/{id}');
    if (span?.isRecording())
      span.setAttributes({
        'lock.name': 'orders/{id}',
        'lock.key': 'orders/1',
        'lock.system': 'null',
        'lock.mode': 'exclusive',
      });
    const lock = await traced(span, () => locks.acquire('orders/1'));
    const got = performance.now();
    acquires.observe(
      { ...lockLabels, lock_mode: 'exclusive', lock_outcome: 'acquired', lock_contended: 'false' },
      (got - start) / 1000,
    );
    store.observe({ lock_system: 'null', lock_store_operation: 'acquire', error_type: '' }, (got - start) / 1000);
    attempts.inc({ ...lockLabels, lock_attempt_result: 'acquired' });
    held.inc(lockLabels);
    try {
      await traced(span, () => lock.release());
      if (span?.isRecording()) {
        span.setAttributes({
          'lock.owner.id': lock.ownerId,
          'lock.fencing_token': lock.fencingToken,
          'lock.acquire.duration': (got - start) / 1000,
          'lock.hold.duration': (performance.now() - got) / 1000,
          'lock.contended': false,
          'lock.outcome': 'released',
        });
      }
    } catch (error) {
      span?.recordException(error);
      span?.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      const end = performance.now();
      holds.observe({ ...lockLabels, lock_mode: 'exclusive', lock_release_reason: 'released' }, (end - got) / 1000);
      store.observe({ lock_system: 'null', lock_store_operation: 'release', error_type: '' }, (end - got) / 1000);
      held.dec(lockLabels);
      span?.end();
    }
  };
  return {
    name,
    close: () => locks.close(),
    async run(operations) {
      for (let index = 0; index < operations; index += 1) await once();
    },
  };
}

await run();

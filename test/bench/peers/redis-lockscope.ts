import type { ListenerInput } from '@lockscope/core';
import { otel } from '@lockscope/listener-otel';
import { prometheus } from '@lockscope/listener-prometheus';
import type { HeldLock } from '@lockscope/storage-lock';
import { RedisStorage } from '@lockscope/storage-redis';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Registry } from 'prom-client';

import { lockscopeParty } from './lockscope.ts';
import type { Party, Peer } from './peer.ts';
import { connect } from './redis-bare.ts';

/** Over a client that it is given, as the others are. */
export const lockscope: Peer = {
  name: 'Lockscope',
  server: 'redis',
  open: (url) => overClient(url),
};

/** Over a client of its own, which gives every command a time limit. */
export const lockscopeByUrl: Peer = {
  name: 'Lockscope, client of its own',
  server: 'redis',
  async open(url) {
    const storage = new RedisStorage({ url });
    // The clients of the others are connected by now, too.
    await storage.read('nothing');
    return lockscopeParty(storage);
  },
};

/** With what a service has that watches its locks: a span of each lock in a batch processor, and all the metrics. */
export const lockscopeWatched: Peer = {
  name: 'Lockscope, spans and metrics',
  server: 'redis',
  open: (url) => overClient(url, [otel({ tracerProvider: tracing() }), prometheus({ registry: new Registry() })]),
};

async function overClient(url: string, listeners?: readonly ListenerInput[]): Promise<Party<HeldLock>> {
  const client = await connect(url);
  const party = lockscopeParty(new RedisStorage({ client }), listeners);
  return {
    ...party,
    async close() {
      await party.close();
      client.disconnect();
    },
  };
}

function tracing(): BasicTracerProvider {
  const nowhere = {
    export: (_: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
    shutdown: () => Promise.resolve(),
    forceFlush: () => Promise.resolve(),
  };
  const processor = new BatchSpanProcessor(nowhere, {
    maxQueueSize: 4096,
    maxExportBatchSize: 512,
    scheduledDelayMillis: 100,
  });
  return new BasicTracerProvider({ spanProcessors: [processor] });
}

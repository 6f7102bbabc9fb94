import { describe, expect, it } from 'vitest';

import { ListenerSet, queued } from '@lockscope/core';

import { begun, FakeProcess, possession } from './fake-process.ts';

const dropped = (app: FakeProcess, listener: string): Promise<number | undefined> =>
  app.value('lockscope_events_dropped_total', { listener, reason: 'queue' });
const failed = (app: FakeProcess, listener: string): Promise<number | undefined> =>
  app.value('lockscope_listener_errors_total', { listener });

/** So many deliveries to whoever stands there. */
function tell(listener: ReturnType<typeof queued>, events: number): void {
  const set = new ListenerSet({ listeners: [listener] });
  for (let n = 0; n < events; n += 1) {
    begun(set.begin('lock', { lockName: 'jobs', lockKey: 'jobs' })).end('released', { details: possession() });
  }
}

describe('what a queue in front of a listener drops', () => {
  it('is there at 0 from the start, and grows with what it drops and what the listener fails', async () => {
    const queue = queued({ name: 'slow', on: () => Promise.reject(new Error('gone')) }, { capacity: 5 });
    const app = new FakeProcess({ queues: [queue] });
    expect(await dropped(app, 'slow')).toBe(0);
    expect(await failed(app, 'slow')).toBe(0);
    tell(queue, 8);
    expect(await dropped(app, 'slow')).toBe(3);
    await queue.flush();
    expect(await failed(app, 'slow')).toBe(5);
    expect(await failed(app, 'slow')).toBe(5);
    tell(queue, 6);
    expect(await dropped(app, 'slow')).toBe(4);
    app.registry.resetMetrics();
    expect(await dropped(app, 'slow')).toBe(0);
    await queue.close();
    tell(queue, 2);
    expect(await dropped(app, 'slow')).toBe(2);
  });

  it('adds up where several stand in front of listeners of one name', async () => {
    const queues = [1, 2].map((capacity) => queued({ name: 'slow', on: () => {} }, { capacity }));
    const app = new FakeProcess({ queues });
    for (const queue of queues) tell(queue, 10);
    expect(await dropped(app, 'slow')).toBe(17);
  });

  it('can be told of the queue in front of this listener too', async () => {
    const app = new FakeProcess();
    const queue = queued(app.listener, { capacity: 4 });
    app.listener.watch(queue);
    app.listener.watch(queue);
    tell(queue, 10);
    expect(await dropped(app, 'prometheus')).toBe(6);
    app.listener.close();
    tell(queue, 10);
    expect(app.listener.render()).toMatch(/lockscope_events_dropped_total\{.*\} 6\n/);
  });

  it('is asked of queues only', () => {
    const app = new FakeProcess();
    for (const wrong of [null, {}, 'queue', { name: 'x', dropped: 1 }]) {
      expect(() => app.listener.watch(wrong as never)).toThrow(/watch\[0\] must be a queue/);
      expect(() => new FakeProcess({ queues: [wrong as never] })).toThrow(/queues\[0\] must be a queue/);
    }
  });
});

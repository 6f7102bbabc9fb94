import { describe, expect, it, vi } from 'vitest';

import { BusClosedError, createBus } from '../../src/index.ts';

interface Events {
  tick: undefined;
}

describe('a bus that is closed', () => {
  it('refuses everything with the same error', async () => {
    const bus = createBus<Events>();
    const handler = vi.fn();
    bus.on('tick', handler);
    const closing = bus.close();
    await expect(bus.publish('tick')).rejects.toThrow(BusClosedError);
    for (const act of [() => bus.emit('tick'), () => bus.on('tick', handler), () => bus.once('tick', handler)])
      expect(act).toThrow(expect.objectContaining({ code: 'BUS_CLOSED' }));
    expect(() => bus.events('tick')).toThrow(BusClosedError);
    expect(await closing).toEqual({ undelivered: 0 });
    expect(handler).not.toHaveBeenCalled();
  });

  it('tells handlers that it gives up, and who waits for them', async () => {
    const bus = createBus<Events>();
    const told = vi.fn();
    bus.on('tick', (_message, { signal }) => {
      signal.addEventListener('abort', told);
      return new Promise(() => {});
    });
    const published = bus.publish('tick');
    expect(bus.stats.running).toBe(1);
    expect(await bus.close({ signal: AbortSignal.abort() })).toEqual({ undelivered: 1 });
    expect(told).toHaveBeenCalledTimes(1);
    expect(await published).toEqual([{ status: 'rejected', reason: expect.any(BusClosedError) as Error }]);
    expect(bus.stats).toMatchObject({ running: 0, failed: 1 });
  });

  it('is closed when it is disposed of', async () => {
    const outer = createBus<Events>();
    await outer[Symbol.asyncDispose]();
    await expect(outer.publish('tick')).rejects.toThrow(BusClosedError);
  });
});

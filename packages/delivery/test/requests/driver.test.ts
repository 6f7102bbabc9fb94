import { InvalidOptionsError } from '@lockscope/core';
import { describe, expect, it, vi } from 'vitest';

import { Driver, DriverClosedError } from '../../src/index.ts';
import { library, settled, take } from './library.ts';

describe('a driver that is full', () => {
  it('row 88: lets callers wait for room, in their order, and never holds more than its capacity', async () => {
    const driver = library({ capacity: 2 });
    const producer = driver.producer();
    const sent: number[] = [];
    for (const n of [1, 2, 3, 4]) void producer.send('note', n).then(() => sent.push(n));
    await settled();
    expect(sent).toEqual([1, 2]);
    expect(driver).toMatchObject({ size: 2, waiting: 2, capacity: 2 });
    const consumer = driver.consumer();
    expect((await consumer.receive()).payload).toBe(1);
    await settled();
    expect(sent).toEqual([1, 2, 3]);
    expect(driver).toMatchObject({ size: 2, waiting: 1 });
    for (const n of [2, 3, 4]) expect((await consumer.receive()).payload).toBe(n);
    expect(driver).toMatchObject({ size: 0, waiting: 0 });
    expect(driver.stats).toMatchObject({ sent: 4, taken: 4 });
  });

  it('row 88: a caller that waits obeys its signal, and then nobody gets the event', async () => {
    const driver = library({ capacity: 1 });
    const producer = driver.producer();
    await producer.send('note', 1);
    const stop = new AbortController();
    const reason = new Error('no time');
    const { signal } = stop;
    const waits = [
      producer.send('note', 2, { signal }),
      producer.request('count', 3, { signal }),
      producer.call('count', 4, { signal }),
    ];
    const others = producer.send('note', 5, { signal: new AbortController().signal });
    expect(driver.waiting).toBe(4);
    stop.abort(reason);
    for (const wait of waits) await expect(wait).rejects.toBe(reason);
    expect(driver.waiting).toBe(1);
    const consumer = driver.consumer();
    const payloads = [await consumer.receive(), await consumer.receive()].map(({ payload }) => payload);
    expect(payloads).toEqual([1, 5]);
    await others;
    expect(driver.stats).toMatchObject({ sent: 2, requested: 2, aborted: 2, pending: 0 });
  });

  it('row 88: close refuses who waits', async () => {
    const driver = library({ capacity: 1 });
    const producer = driver.producer();
    await producer.send('note', 1);
    const waits = [producer.send('note', 2), producer.request('count', 3), producer.call('count', 4)];
    const closing = driver.close();
    for (const wait of waits) await expect(wait).rejects.toThrow(DriverClosedError);
    expect((await take(driver)).payload, 'what was taken in is delivered').toBe(1);
    expect(await closing).toEqual({ undelivered: 0 });
    expect(driver.stats).toMatchObject({ sent: 1, requested: 2, givenUp: 2, pending: 0 });
  });

  it('a request whose limit is over frees its place', async () => {
    vi.useFakeTimers();
    try {
      const driver = library({ capacity: 1 });
      const producer = driver.producer();
      const late = producer.request('count', 1, { timeoutMs: 10 });
      const next = producer.send('note', 2);
      expect(driver).toMatchObject({ size: 1, waiting: 1 });
      vi.advanceTimersByTime(10);
      await expect(late).rejects.toThrow('within 10 ms: it was queued');
      await next;
      expect(driver).toMatchObject({ size: 1, waiting: 0 });
      expect((await take(driver)).payload).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a driver that is closed', () => {
  it('row 88: refuses events, and ends those who wait for one', async () => {
    const driver = library();
    const producer = driver.producer();
    const consumer = driver.consumer();
    const received = consumer.receive();
    const loop = (async () => {
      for await (const _ of consumer) return 'an event';
      return 'the end';
    })();
    const served = consumer.serve({});
    expect(await driver.close()).toEqual({ undelivered: 0 });
    await expect(received).rejects.toThrow(DriverClosedError);
    expect(await loop).toBe('the end');
    await served;
    for (const act of [
      producer.send('note', 1),
      producer.request('count', 1),
      producer.call('count', 1),
      consumer.receive(),
    ])
      await expect(act).rejects.toMatchObject({ code: 'DRIVER_CLOSED' });
    expect(driver.stats).toMatchObject({ sent: 0, requested: 0 });
  });

  it('row 88: can be emptied, by loops and by receive', async () => {
    const driver = library();
    const producer = driver.producer();
    for (const n of [1, 2, 3]) await producer.send('note', n);
    const closing = driver.close();
    const got: unknown[] = [(await take(driver)).payload];
    for await (const { payload } of driver.consumer()) got.push(payload);
    expect(got).toEqual([1, 2, 3]);
    expect(await closing).toEqual({ undelivered: 0 });
  });

  it('waits for the answers to what was taken', async () => {
    const driver = library();
    const reply = driver.producer().request('count', 1);
    const event = await take(driver);
    let closed = false;
    const closing = driver.close().then(() => (closed = true));
    await settled();
    expect(closed).toBe(false);
    await event.reply(() => 2);
    expect(await reply).toBe(2);
    expect(await closing).toBe(true);
  });

  it('gives up at the signal: who asked and who works are told, what nobody took is counted and told', async () => {
    const onDrop = vi.fn();
    const driver = library({ onDrop });
    const producer = driver.producer();
    const taken = producer.request('count', 1);
    const event = await take(driver);
    const outcome = event.reply(
      ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(7))),
    );
    await producer.send('note', 2);
    const queued = producer.request('count', 3);
    const giveUp = new AbortController();
    const closing = driver.close(giveUp);
    giveUp.abort();
    expect(await closing).toEqual({ undelivered: 3 });
    await expect(taken).rejects.toThrow(DriverClosedError);
    await expect(queued).rejects.toThrow(DriverClosedError);
    expect(await outcome).toMatchObject({ status: 'refused', error: { reason: 'closed' } });
    expect(onDrop.mock.calls.map(([dropped]: { payload: number }[]) => dropped?.payload)).toEqual([2, 3]);
    expect(driver.stats).toMatchObject({ givenUp: 2, dropped: 2, refusedReplies: 1, pending: 0 });
    expect(driver.size).toBe(0);
  });

  it('may be closed by being disposed of', async () => {
    const driver = library();
    await driver[Symbol.asyncDispose]();
    await expect(driver.producer().send('note', 1)).rejects.toThrow(DriverClosedError);
  });
});

describe('options', () => {
  it('that cannot be are refused, all at once', () => {
    expect(() => new Driver({ capacity: 0, timeoutMs: Number.NaN })).toThrow(
      new InvalidOptionsError([
        'capacity must be an integer of at least 1, got 0',
        'timeoutMs must be a number above 0, or Infinity, got NaN',
      ]),
    );
  });

  it('of a request and of serve reject', async () => {
    const driver = library();
    for (const timeoutMs of [0, -1, Number.NaN]) {
      await expect(driver.producer().request('count', 1, { timeoutMs })).rejects.toThrow(InvalidOptionsError);
      await expect(driver.producer().call('count', 1, { timeoutMs })).rejects.toThrow(InvalidOptionsError);
    }
    for (const concurrency of [0, 1.5, Number.NaN])
      await expect(driver.consumer().serve({}, { concurrency })).rejects.toThrow(InvalidOptionsError);
    expect(driver.stats.requested).toBe(0);
  });
});

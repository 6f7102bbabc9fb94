import { describe, expect, it, vi } from 'vitest';

import { type Consumer, UnhandledEventError } from '../../src/index.ts';
import { library, settled, type Library } from './library.ts';

describe('consumers', () => {
  it('row 89: three of them get 30,000 one-way events of three producers, each event once, and none too many', async () => {
    const driver = library({ capacity: 2000 });
    const seen: number[] = [];
    const takenBy = [0, 0, 0];
    const loops = takenBy.map(async (_, which) => {
      for await (const { payload } of driver.consumer()) {
        seen.push(payload as number);
        takenBy[which] = (takenBy[which] ?? 0) + 1;
      }
    });
    await Promise.all(
      [0, 1, 2].map(async (part) => {
        const producer = driver.producer();
        for (let n = 0; n < 10_000; n += 1) await producer.send('note', part * 10_000 + n);
      }),
    );
    await driver.close();
    await Promise.all(loops);
    expect(seen).toHaveLength(30_000);
    expect(new Set(seen).size).toBe(30_000);
    expect(Math.min(...takenBy), 'everybody had a part in it').toBeGreaterThan(1000);
    expect(driver.stats).toMatchObject({ sent: 30_000, taken: 30_000 });
  });

  it('row 89: one of them gets the events of each producer in their order', async () => {
    const driver = library({ capacity: 5 });
    const got: unknown[] = [];
    const loop = (async () => {
      for await (const { payload } of driver.consumer()) got.push(payload);
    })();
    const producer = driver.producer();
    await Promise.all(Array.from({ length: 100 }, (_, n) => producer.send('note', n)));
    await driver.close();
    await loop;
    expect(got).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  it('row 89: receive can be left, before and while it waits, and no event is lost by it', async () => {
    const driver = library();
    const consumer = driver.consumer();
    const stop = new AbortController();
    const reason = new Error('enough');
    const left = consumer.receive({ signal: stop.signal });
    const other = consumer.receive({ signal: new AbortController().signal });
    stop.abort(reason);
    await expect(left).rejects.toBe(reason);
    await driver.producer().send('note', 1);
    expect((await other).payload).toBe(1);
    await driver.producer().send('note', 2);
    await expect(consumer.receive({ signal: stop.signal })).rejects.toBe(reason);
    expect((await consumer.receive()).payload).toBe(2);
  });

  it('row 89: a loop that is left leaves the rest to others', async () => {
    const driver = library();
    for (const n of [1, 2, 3]) await driver.producer().send('note', n);
    for await (const { payload } of driver.consumer()) {
      expect(payload).toBe(1);
      break;
    }
    for await (const { payload } of driver.consumer()) {
      expect(payload).toBe(2);
      break;
    }
    expect(driver.size).toBe(1);
  });

  it('who waits gets the next event at once, in the order in which they came', async () => {
    const driver = library();
    const both = Promise.all([driver.consumer().receive(), driver.consumer().receive()]);
    await driver.producer().send('note', 1);
    expect(driver.size).toBe(0);
    await driver.producer().send('note', 2);
    expect((await both).map(({ payload }) => payload)).toEqual([1, 2]);
  });

  it('a loop that never waits lets timers run', async () => {
    const driver = library();
    const serving = driver.consumer().serve({ count: (n) => n });
    const producer = driver.producer();
    const timer = vi.fn();
    setTimeout(timer, 1);
    // It ends as soon as a timer could run; without that it would end after a million rounds and fail.
    for (let round = 0; round < 1_000_000 && timer.mock.calls.length === 0; round += 1)
      await producer.request('count', round);
    expect(timer).toHaveBeenCalledTimes(1);
    await driver.close();
    await serving;
  });
});

describe('what an event has', () => {
  it('row 90: a name, a payload and headers of its own; what is missing is undefined, whatever its name', async () => {
    const driver = library();
    const headers: Record<string, string> = { tenant: 'a' };
    await driver.producer().send('returned', 'Ulysses', { headers });
    headers['tenant'] = 'b';
    await driver.producer().send('returned', 'Emma');
    const consumer = driver.consumer();
    const first = await consumer.receive();
    expect(first).toMatchObject({ name: 'returned', payload: 'Ulysses', isRequest: false });
    expect(first.headers).toEqual({ tenant: 'a' });
    expect(Object.isFrozen(first.headers)).toBe(true);
    for (const name of ['missing', 'constructor', 'toString', '__proto__']) expect(first.headers[name]).toBeUndefined();
    expect((await consumer.receive()).headers).toEqual({});
  });

  it('row 90: nothing of an earlier event, whatever somebody hung on that', async () => {
    const driver = library({ capacity: 1 });
    const consumer = driver.consumer();
    const seen = new Set<object>();
    for (let n = 0; n < 100; n += 1) {
      const even = n % 2 === 0;
      const asked = even
        ? driver.producer().request('borrow', `title ${n}`, { headers: { card: `card ${n}` } })
        : driver.producer().send('note', n);
      const event = await consumer.receive();
      expect(seen.has(event), 'an event is never used again').toBe(false);
      seen.add(event);
      expect(event).not.toHaveProperty('hung');
      expect(event.headers['card']).toBe(even ? `card ${n}` : undefined);
      expect(event.payload).toBe(even ? `title ${n}` : n);
      Object.assign(event, { hung: n });
      if (event.isRequest) await (event as { reply(work: () => unknown): Promise<unknown> }).reply(() => `reply ${n}`);
      expect(await asked).toBe(even ? `reply ${n}` : undefined);
    }
  });

  it('row 90: an answer never goes to another requester, also when some left before', async () => {
    vi.useFakeTimers();
    try {
      const driver = library({ capacity: 10 });
      const producer = driver.producer();
      const consumer = driver.consumer();
      for (let n = 0; n < 200; n += 1) {
        const early = producer.request('count', -n - 1, { timeoutMs: 5 });
        const event = n % 2 === 0 ? await consumer.receive() : undefined;
        vi.advanceTimersByTime(5);
        await expect(early).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
        const asked = producer.request('count', n);
        // The late answer of the one that left must not become the answer of the next.
        if (event?.name === 'count') await event.reply(() => -1);
        const next = await consumer.receive();
        if (next.name === 'count') await next.reply(() => next.payload * 2);
        expect(await asked).toBe(n * 2);
      }
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('serve', () => {
  const serve = (consumer: Consumer<Library>): Promise<void> =>
    consumer.serve({ count: (n) => n * 2, borrow: async (title) => `yours: ${title}` });

  it('answers with what the handlers give', async () => {
    const driver = library();
    const serving = serve(driver.consumer());
    const producer = driver.producer();
    expect(await producer.request('count', 4)).toBe(8);
    expect(await producer.request('borrow', 'Emma')).toBe('yours: Emma');
    await driver.close();
    await serving;
  });

  it('row 95: goes on while work is pending: 10,000 requests at 500 ms are answered while five take 1 s each', async () => {
    // Time stands still unless it is said to go on, so that a slow machine answers in time as well.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const driver = library({ capacity: 2000 });
      const serving = driver.consumer().serve({
        borrow: (title) => new Promise((resolve) => setTimeout(resolve, 1000, title)),
        count: (n) => n + 1,
      });
      const producer = driver.producer();
      const titles = Array.from({ length: 5 }, (_, n) => `book ${n}`);
      const slow = titles.map((title) => producer.request('borrow', title, { timeoutMs: 2000 }));
      for (let n = 0; n < 10_000; n += 1) expect(await producer.request('count', n, { timeoutMs: 500 })).toBe(n + 1);
      expect(driver.stats).toMatchObject({ replied: 10_000, timedOut: 0, pending: 5 });
      vi.advanceTimersByTime(1000);
      expect(await Promise.all(slow)).toEqual(titles);
      await driver.close();
      await serving;
    } finally {
      vi.useRealTimers();
    }
  });

  it('row 95: works on as many at a time as it is told, and takes no more', async () => {
    const driver = library();
    const free: (() => void)[] = [];
    let most = 0;
    const serving = driver.consumer().serve(
      {
        note: () => {
          most = Math.max(most, free.length + 1);
          return new Promise<void>((resolve) => free.push(resolve));
        },
      },
      { concurrency: 3 },
    );
    for (let n = 0; n < 10; n += 1) await driver.producer().send('note', n);
    await vi.waitFor(() => expect(free).toHaveLength(3), 10_000);
    expect(driver.size).toBe(7);
    const closing = driver.close();
    for (let done = 0; done < 10; done += 1) {
      await vi.waitFor(() => expect(free.length).toBeGreaterThan(0), 10_000);
      free.shift()?.();
    }
    await closing;
    await serving;
    expect(most).toBe(3);
  });

  it('fails a request with what its handler throws, and tells of a one-way event that failed; both end nothing', async () => {
    const onError = vi.fn();
    const driver = library({ onError });
    const broken = new Error('broken');
    const serving = driver.consumer().serve({
      count: () => {
        throw broken;
      },
      note: () => Promise.reject(broken),
      borrow: (title) => title,
    });
    const producer = driver.producer();
    await expect(producer.request('count', 1)).rejects.toBe(broken);
    await producer.send('note', 2);
    expect(await producer.request('borrow', 'Emma')).toBe('Emma');
    await driver.close();
    await serving;
    expect(onError.mock.calls).toEqual([[broken, expect.objectContaining({ name: 'note', payload: 2 })]]);
    expect(driver.stats).toMatchObject({ failed: 1, faults: 1, replied: 1 });
  });

  it('without a handler says so, also for names that every object has', async () => {
    const onError = vi.fn();
    const driver = library({ onError });
    const serving = driver.consumer().serve({});
    const producer = driver.producer();
    for (const name of ['count', 'constructor', 'toString'] as const)
      await expect(producer.request(name as 'count', 1)).rejects.toThrow(UnhandledEventError);
    await producer.send('note', 1);
    await driver.close();
    await serving;
    expect(onError.mock.calls).toEqual([[expect.any(UnhandledEventError), expect.objectContaining({ name: 'note' })]]);
  });

  it('stops at its signal, and ends what it has', async () => {
    const driver = library();
    const stop = new AbortController();
    let free = (): void => {};
    const serving = driver
      .consumer()
      .serve({ count: (n) => new Promise((resolve) => (free = () => resolve(n))) }, { signal: stop.signal });
    const asked = driver.producer().request('count', 1);
    await settled();
    stop.abort();
    await driver.producer().send('note', 2);
    await settled();
    expect(driver.size, 'it takes no more').toBe(1);
    free();
    expect(await asked).toBe(1);
    await serving;
  });

  it('harms nobody when a hook throws', async () => {
    const hook = (): never => {
      throw new Error('hook');
    };
    const driver = library({ onError: hook, onRefused: hook, onDrop: hook });
    const stop = new AbortController();
    const serving = driver.consumer().serve({}, { signal: stop.signal });
    await driver.producer().send('note', 1);
    await vi.waitFor(() => expect(driver.stats.faults).toBe(1), 10_000);
    stop.abort();
    await serving;
    await driver.producer().send('note', 2);
    const event = await driver.consumer().receive();
    event.fail(new Error('no'));
    await driver.producer().send('note', 3);
    await driver.close({ signal: AbortSignal.abort() });
    expect(driver.stats).toMatchObject({ faults: 1, refusedReplies: 1, dropped: 1, hookFaults: 3 });
  });
});

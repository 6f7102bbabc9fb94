import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ReplyRefusedError, RequestTimeoutError } from '../../src/index.ts';
import { library, settled, take } from './library.ts';

describe('a one-way event', () => {
  it('row 91: is sent when the driver has it, whether anybody takes it or not', async () => {
    const driver = library();
    expect(await driver.producer().send('note', 1)).toBeUndefined();
    expect(driver.size).toBe(1);
  });

  it('row 91: takes no answer: the work is not done, and the refusal is defined, told and counted', async () => {
    const onRefused = vi.fn();
    const driver = library({ onRefused });
    await driver.producer().send('note', 1);
    const event = await take(driver);
    const work = vi.fn();
    const outcome = await event.reply(work);
    expect(outcome).toEqual({ status: 'refused', error: expect.any(ReplyRefusedError) as ReplyRefusedError });
    expect(outcome).toMatchObject({
      error: {
        code: 'REPLY_REFUSED',
        reason: 'one_way',
        event: 'note',
        message: 'no answer to "note" is taken: nobody asked for one',
      },
    });
    expect(event.fail(new Error('no'))).toMatchObject({ status: 'refused', error: { reason: 'one_way' } });
    expect(work).not.toHaveBeenCalled();
    expect(onRefused).toHaveBeenCalledTimes(2);
    expect(onRefused.mock.calls[0]).toEqual([expect.any(ReplyRefusedError), event]);
    expect(driver.stats.refusedReplies).toBe(2);
  });
});

describe('the limit of a request', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('row 92: covers the work: 20 ms are 20 ms, though the work takes 300', async () => {
    const driver = library();
    const asked = driver.producer().request('count', 1, { timeoutMs: 20 });
    let over: unknown;
    asked.catch((error: unknown) => (over = error));
    const event = await take(driver);
    let told: unknown;
    const outcome = event.reply(async ({ signal }) => {
      signal.addEventListener('abort', () => (told = signal.reason));
      await new Promise((resolve) => setTimeout(resolve, 300));
      return 2;
    });
    await vi.advanceTimersByTimeAsync(19);
    expect(over).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(over).toBeInstanceOf(RequestTimeoutError);
    expect(over).toMatchObject({ code: 'REQUEST_TIMEOUT', event: 'count', timeoutMs: 20, phase: 'working' });
    expect(told, 'the worker is told by its signal, with the reason').toBe(over);
    await vi.advanceTimersByTimeAsync(300);
    expect(await outcome).toMatchObject({ status: 'refused', error: { reason: 'timed_out' } });
    expect(driver.stats).toMatchObject({ timedOut: 1, replied: 0, refusedReplies: 1, pending: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('row 92: covers the wait for room, the queue, and a consumer that does nothing', async () => {
    const driver = library({ capacity: 1 });
    const producer = driver.producer();
    const taken = producer.request('count', 1, { timeoutMs: 20 });
    await take(driver);
    const queued = producer.request('count', 2, { timeoutMs: 20 });
    const waiting = producer.request('count', 3, { timeoutMs: 10 });
    const called = producer.call('count', 4, { timeoutMs: 10 });
    const ends = Promise.allSettled([taken, queued, waiting, called]);
    vi.advanceTimersByTime(20);
    expect(await ends).toMatchObject(
      ['taken', 'queued', 'waiting', 'waiting'].map((phase) => ({ reason: { code: 'REQUEST_TIMEOUT', phase } })),
    );
    expect(driver).toMatchObject({ size: 0, waiting: 0 });
    expect(driver.stats).toMatchObject({ requested: 4, timedOut: 4, pending: 0 });
  });

  it('row 92: is over when work that blocks the process took longer, though no timer could tell', async () => {
    const driver = library();
    const asked = driver.producer().request('count', 1, { timeoutMs: 20 });
    const refused = expect(asked).rejects.toThrow(RequestTimeoutError);
    const event = await take(driver);
    const outcome = await event.reply(() => {
      vi.setSystemTime(Date.now() + 300);
      vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 300);
      return 2;
    });
    vi.restoreAllMocks();
    expect(outcome).toMatchObject({ status: 'refused', error: { reason: 'timed_out' } });
    await refused;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('row 92: is that of the driver when the request says nothing, and may be longer than any timer', async () => {
    const driver = library({ timeoutMs: 50 });
    const producer = driver.producer();
    let ends = 0;
    const count = (): void => void (ends += 1);
    producer.request('count', 1).catch(count);
    const month = 31 * 24 * 3_600_000;
    producer.request('count', 2, { timeoutMs: month }).catch(count);
    producer.request('count', 3, { timeoutMs: Infinity }).catch(count);
    await vi.advanceTimersByTimeAsync(49);
    expect(ends).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(ends).toBe(1);
    await vi.advanceTimersByTimeAsync(month - 51);
    expect(ends).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(ends).toBe(2);
    expect(vi.getTimerCount()).toBe(0);
    expect(driver.stats).toMatchObject({ timedOut: 2, pending: 1 });
  });

  it('leaves no timer behind when the answer came', async () => {
    const driver = library();
    const asked = driver.producer().request('count', 1, { timeoutMs: 2 * 3_600_000 });
    await (await take(driver)).reply(() => 2);
    expect(await asked).toBe(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('an answer', () => {
  it('row 93: is what the work gives, told to both', async () => {
    const driver = library();
    const asked = driver.producer().request('borrow', 'Emma');
    const event = await take(driver);
    expect(event.isRequest).toBe(true);
    expect(await event.reply(async () => 'OK')).toEqual({ status: 'replied', value: 'OK' });
    expect(await asked).toBe('OK');
    expect(event.signal.aborted, 'a request that is answered is not aborted').toBe(false);
  });

  it('row 93: is given once: another one is refused, also while the first is being worked on', async () => {
    const driver = library();
    const asked = driver.producer().request('count', 1);
    const event = await take(driver);
    let free = (): void => {};
    const first = event.reply(() => new Promise((resolve) => (free = () => resolve(1))));
    const work = vi.fn(() => 2);
    expect(await event.reply(work)).toMatchObject({ status: 'refused', error: { reason: 'twice' } });
    expect(event.fail(new Error('no'))).toMatchObject({ status: 'refused', error: { reason: 'twice' } });
    free();
    expect(await first).toEqual({ status: 'replied', value: 1 });
    expect(await event.reply(work)).toMatchObject({ status: 'refused', error: { reason: 'twice' } });
    expect(work).not.toHaveBeenCalled();
    expect(await asked).toBe(1);
    expect(driver.stats).toMatchObject({ replied: 1, refusedReplies: 3 });
  });

  it('row 93: work is not done when the time is over before', async () => {
    vi.useFakeTimers();
    try {
      const onRefused = vi.fn();
      const driver = library({ onRefused });
      const asked = driver.producer().request('count', 1, { timeoutMs: 20 });
      const event = await take(driver);
      vi.advanceTimersByTime(20);
      await expect(asked).rejects.toThrow(RequestTimeoutError);
      expect(event.signal.aborted).toBe(true);
      const work = vi.fn(() => 1);
      expect(await event.reply(work)).toMatchObject({ status: 'refused', error: { reason: 'timed_out' } });
      expect(event.fail(new Error('no'))).toMatchObject({ status: 'refused', error: { reason: 'timed_out' } });
      expect(work).not.toHaveBeenCalled();
      expect(onRefused).toHaveBeenCalledTimes(2);
    } finally {
      vi.useRealTimers();
    }
  });

  it('row 93: work that throws or rejects rejects who asked, and nobody else', async () => {
    const driver = library();
    const error = new Error('broken');
    for (const work of [
      () => Promise.reject(error),
      (): never => {
        throw error;
      },
    ]) {
      const asked = driver.producer().request('count', 1);
      const event = await take(driver);
      expect(await event.reply(work)).toEqual({ status: 'failed', error });
      await expect(asked).rejects.toBe(error);
    }
    expect(driver.stats).toMatchObject({ failed: 2 });
  });

  it('row 93: that nobody waits for blocks no consumer and harms no process', async () => {
    const driver = library();
    const producer = driver.producer();
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    try {
      void producer.request('count', 1);
      const { reply } = await producer.call('count', 2);
      void producer.request('count', 3, { signal: AbortSignal.abort(new Error('left')) }).catch(() => {});
      for (let n = 0; n < 2; n += 1) {
        const event = await take(driver);
        void event.reply(() => {
          throw new Error('nobody looks');
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(unhandled).not.toHaveBeenCalled();
      await expect(reply).rejects.toThrow('nobody looks');
    } finally {
      process.off('unhandledRejection', unhandled);
    }
  });

  it('row 93: of a requester that went away costs the consumer nothing: it is not even taken', async () => {
    const driver = library();
    const stop = new AbortController();
    const reason = new Error('left');
    const left = driver.producer().request('count', 1, { signal: stop.signal });
    await driver.producer().send('note', 2);
    stop.abort(reason);
    await expect(left).rejects.toBe(reason);
    expect((await take(driver)).payload).toBe(2);
    expect(driver.stats).toMatchObject({ aborted: 1, taken: 1 });
  });

  it('row 93: of a requester that leaves during the work is refused, and the worker is told', async () => {
    const driver = library();
    const stop = new AbortController();
    const reason = new Error('left');
    const left = driver.producer().request('count', 1, { signal: stop.signal });
    const event = await take(driver);
    const outcome = event.reply(
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    );
    stop.abort(reason);
    await expect(left).rejects.toBe(reason);
    expect(await outcome).toMatchObject({ status: 'refused', error: { reason: 'aborted' } });
    expect(event.signal.reason).toBe(reason);
  });

  it('row 94: may be an error: who asked gets that very object, with its cause', async () => {
    const driver = library();
    const error = new TypeError('no such book', { cause: new Error('fire') });
    const asked = driver.producer().request('borrow', 'Emma');
    const event = await take(driver);
    expect(event.fail(error)).toEqual({ status: 'failed', error });
    const caught: unknown = await asked.catch((one: unknown) => one);
    expect(caught).toBe(error);
    expect((caught as Error).cause).toBe(error.cause);
    expect(driver.stats).toMatchObject({ failed: 1, pending: 0 });
  });

  it('row 94: may be any value that somebody fails with', async () => {
    const driver = library();
    for (const value of [undefined, null, 0, 'no', { code: 7 }]) {
      const asked = driver.producer().request('count', 1);
      (await take(driver)).fail(value);
      await expect(asked).rejects.toBe(value);
    }
  });
});

describe('call', () => {
  it('resolves when the driver has the request, and the answer comes later', async () => {
    const driver = library({ capacity: 1 });
    const producer = driver.producer();
    const { reply } = await producer.call('count', 1);
    let second: unknown;
    void producer.call('count', 2).then((asking) => (second = asking));
    await settled();
    expect(second).toBeUndefined();
    await (await take(driver)).reply(() => 10);
    expect(await reply).toBe(10);
    await settled();
    expect(second).toMatchObject({ reply: expect.any(Promise) as Promise<number> });
    expect(driver.stats).toMatchObject({ pending: 1 });
  });
});

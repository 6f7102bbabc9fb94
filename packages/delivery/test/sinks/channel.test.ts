import { describe, expect, it } from 'vitest';

import { Channel, isSinkClosed, type ChannelOptions } from '../../src/index.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const turns = async (count = 5): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const closedError = async (write: Promise<void>): Promise<boolean> =>
  isSinkClosed(await write.catch((error: unknown) => error));

async function readAll<T>(channel: Channel<T>, into: T[] = []): Promise<T[]> {
  for await (const event of channel) into.push(event);
  return into;
}

describe('a channel', () => {
  it.each([0, 1, 16, Infinity])(
    'row 67: with room for %d every event written at once is read, in order',
    async (maxSize) => {
      const channel = new Channel<number>({ maxSize });
      const reading = readAll(channel);
      await Promise.all(numbers(100).map((n) => channel.write(n)));
      await channel.close();
      expect(await reading).toEqual(numbers(100));
      expect([channel.depth, channel.delivered, channel.dropped]).toEqual([0, 100, 0]);
    },
  );

  it('row 67: writes after close are refused, every one of a thousand, buffer or not', async () => {
    for (const maxSize of [0, 1, 5000]) {
      const channel = new Channel<number>({ maxSize });
      const closing = channel.close();
      const refused = await Promise.all(numbers(1000).map((n) => closedError(channel.write(n))));
      expect(refused.filter(Boolean)).toHaveLength(1000);
      expect(await closing).toEqual({ undelivered: 0 });
      expect(await readAll(channel)).toEqual([]);
    }
  });

  it('row 67: what was buffered before close is read to the end, and close waits for it', async () => {
    const channel = new Channel<number>({ maxSize: 10 });
    for (const n of numbers(10)) await channel.write(n);
    let closed = false;
    const closing = channel.close().then(() => (closed = true));
    await turns();
    expect(closed).toBe(false);
    expect(await readAll(channel)).toEqual(numbers(10));
    await closing;
  });

  it('row 67: writers go at the pace of the readers', async () => {
    const channel = new Channel<number>({ maxSize: 2 });
    const written: number[] = [];
    const writes = numbers(5).map((n) => channel.write(n).then(() => written.push(n)));
    await turns();
    expect([written, channel.depth, channel.waiting]).toEqual([[0, 1], 2, 3]);
    const reader = channel[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ done: false, value: 0 });
    await turns();
    expect(written).toEqual([0, 1, 2]);
    await channel.close({ signal: AbortSignal.abort() });
    await Promise.allSettled(writes);
  });

  it('row 67: without a buffer a write resolves when a reader has the event', async () => {
    const channel = new Channel<string>({ maxSize: 0 });
    let taken = false;
    const write = channel.write('a').then(() => (taken = true));
    await turns();
    expect(taken).toBe(false);
    const reader = channel[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ done: false, value: 'a' });
    await write;
    const next = reader.next();
    await channel.write('b');
    expect(await next).toEqual({ done: false, value: 'b' });
    await reader.return?.();
  });

  it('row 67: who leaves the loop closes the channel; what waits is counted and told', async () => {
    const told: unknown[] = [];
    const channel = new Channel<number>({
      maxSize: 3,
      onDrop: (n, error) => void told.push([n, (error as { code?: string }).code]),
    });
    const writes = numbers(5).map((n) => channel.write(n));
    for await (const n of channel) if (n === 0) break;
    expect((await Promise.allSettled(writes)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    expect(await closedError(channel.write(9))).toBe(true);
    expect(await channel.close()).toEqual({ undelivered: 3 });
    expect(told).toEqual([1, 2, 3].map((n) => [n, 'GIVEN_UP']));
    expect([channel.delivered, channel.dropped]).toEqual([1, 3]);
  });

  it('row 67: an error in the loop closes the channel, too', async () => {
    const channel = new Channel<number>();
    await channel.write(1);
    const reading = (async () => {
      for await (const n of channel) throw new Error(`cannot do ${n}`);
    })();
    await expect(reading).rejects.toThrow('cannot do 1');
    expect(await closedError(channel.write(2))).toBe(true);
  });

  it('row 67: of several readers each event goes to one, and all end with the channel', async () => {
    const channel = new Channel<number>({ maxSize: 4 });
    const readers = [readAll(channel), readAll(channel), readAll(channel)];
    for (const n of numbers(300)) await channel.write(n);
    await channel.close();
    const read = await Promise.all(readers);
    expect(read.flat().toSorted((a, b) => a - b)).toEqual(numbers(300));
    for (const part of read) expect(part).toEqual(part.toSorted((a, b) => a - b));
  });

  it.each([
    ['drop_oldest' as const, [2, 3]],
    ['drop_newest' as const, [0, 1]],
  ])('row 67: a full channel with %s drops and counts', async (onFull, kept) => {
    const channel = new Channel<number>({ maxSize: 2, onFull });
    for (const n of numbers(4)) await channel.write(n);
    expect(channel.dropped).toBe(2);
    void channel.close();
    expect(await readAll(channel)).toEqual(kept);
  });

  it('row 67: nobody reads: close ends at its signal and counts what was buffered', async () => {
    const channel = new Channel<number>();
    for (const n of numbers(3)) await channel.write(n);
    expect(await channel.close({ signal: AbortSignal.timeout(20) })).toEqual({ undelivered: 3 });
  });

  it('names everything that is wrong with its options', () => {
    const wrong: ChannelOptions[] = [
      { maxSize: -1, onFull: 'panic' as never },
      { maxSize: 0, onFull: 'drop_oldest' },
    ];
    expect(() => new Channel(wrong[0])).toThrow(
      'maxSize must be an integer of at least 0 or Infinity, got -1; onFull must be wait',
    );
    expect(() => new Channel(wrong[1])).toThrow('onFull must not be drop_oldest where maxSize is 0');
  });
});

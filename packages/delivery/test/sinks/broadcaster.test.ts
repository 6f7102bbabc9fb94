import { describe, expect, it } from 'vitest';

import { Broadcaster, FunctionSink, isSinkClosed, SinkClosedError, type Sink } from '../../src/index.ts';
import { Gate } from './gate.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const turns = async (count = 5): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('a broadcaster', () => {
  it('row 62: every sink gets every event, each in the order of the writes', async () => {
    const gates = numbers(10).map(() => new Gate());
    const all = new Broadcaster<number>();
    for (const gate of [...gates, ...gates]) all.add(gate);
    await Promise.all(numbers(1000).map((n) => all.write(n)));
    await Promise.all(gates.map((gate) => all.remove(gate)));
    await all.write(1000);
    for (const gate of gates) all.add(gate);
    expect(await all.close()).toEqual({ undelivered: 0 });
    for (const { delivered, closes } of gates) {
      expect(delivered).toEqual(numbers(1000));
      expect(closes).toBe(1);
    }
  });

  it('row 62: a sink that is slow or stuck delays no other', async () => {
    const slow = new Gate();
    slow.stick();
    const others = numbers(3).map(() => new Gate());
    const all = new Broadcaster<number>([slow, ...others]);
    for (const n of numbers(5)) await all.write(n);
    await turns();
    for (const { delivered } of others) expect(delivered).toEqual(numbers(5));
    expect([slow.delivered, all.depth(slow)]).toEqual([[], 5]);
    slow.unstick();
    await all.close();
    expect(slow.delivered).toEqual(numbers(5));
  });

  it('row 62: an event that fails in one sink reaches the rest, and is counted and told for that one', async () => {
    const rest = [new Gate(), new Gate()] as const;
    const failing = new FunctionSink<number>((n) => {
      if (n === 2) throw new Error('two');
    });
    const told: unknown[] = [];
    const all = new Broadcaster<number>([rest[0], failing, rest[1]], {
      onDrop: (n, error, sink) => void told.push([n, (error as Error).message, sink === failing]),
    });
    for (const n of numbers(5)) await all.write(n);
    await all.close();
    for (const { delivered } of rest) expect(delivered).toEqual(numbers(5));
    expect(told).toEqual([[2, 'two', true]]);
    expect(all.dropped).toBe(1);
  });

  it('row 62: for a sink that is too slow the bound holds: it is waited for, or drops for itself only', async () => {
    const slow = new Gate();
    const quick = new Gate();
    slow.stick();
    const waits = new Broadcaster<number>([slow, quick], { maxSize: 2 });
    for (const n of numbers(2)) await waits.write(n);
    await turns();
    await waits.write(2);
    let taken = false;
    const write = waits.write(3).then(() => (taken = true));
    await turns();
    expect([taken, quick.delivered]).toEqual([false, numbers(4)]);
    slow.unstick();
    await write;
    await waits.close();
    expect(slow.delivered).toEqual(numbers(4));

    const stuck = new Gate();
    const other = new Gate();
    stuck.stick();
    const drops = new Broadcaster<number>([stuck, other], { maxSize: 2, onFull: 'drop_oldest' });
    for (const n of numbers(10)) {
      await drops.write(n);
      await turns(2);
    }
    expect([other.delivered, drops.dropped, drops.depth(stuck)]).toEqual([numbers(10), 7, 3]);
    stuck.unstick();
    await drops.close();
    expect(stuck.delivered).toEqual([0, 8, 9]);
  });

  it('row 62: memory is bounded with a sink that never answers', async () => {
    const stuck = new Gate<string>();
    const quick = new FunctionSink<string>(() => {});
    stuck.stick();
    const all = new Broadcaster<string>([stuck, quick], { maxSize: 100, onFull: 'drop_newest' });
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 100_000; n += 1) {
      // 100 MB if they were kept.
      await all.write(String(n).padStart(1000, 'x'));
      if (n % 50 === 0) await turns(1);
      expect(all.depth(stuck)).toBeLessThanOrEqual(101);
    }
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(60e6);
    expect(all.dropped).toBe(100_000 - 101);
    await all.close({ signal: AbortSignal.abort() });
  }, 60_000);

  it('row 63: adding twice and removing what is not there change nothing; the list of the caller stays as it is', async () => {
    const gate = new Gate();
    const list: Sink<number>[] = [gate, gate];
    const all = new Broadcaster<number>(list);
    all.add(gate);
    await all.remove(new Gate());
    expect(all.size).toBe(1);
    await all.write(1);
    const remove = all.add(new Gate());
    expect(all.size).toBe(2);
    await remove();
    await remove();
    expect(all.size).toBe(1);
    list.length = 0;
    await all.write(2);
    await all.close();
    expect(gate.delivered).toEqual([1, 2]);
    expect(() => all.add(gate)).toThrow(SinkClosedError);
    expect(() => all.remove(gate)).toThrow(SinkClosedError);
  });

  it('row 63: who is removed gets what was written before, in order, also when it is added again meanwhile', async () => {
    const gate = new Gate();
    gate.stick();
    const all = new Broadcaster<number>([gate]);
    await all.write(1);
    await all.write(2);
    let gone = false;
    const left = all.remove(gate).then(() => (gone = true));
    await all.write(3);
    await turns();
    expect([gone, all.size]).toEqual([false, 0]);
    all.add(gate);
    await all.write(4);
    gate.unstick();
    await left;
    await all.remove(gate);
    await all.close();
    expect(gate.delivered).toEqual([1, 2, 4]);
    expect(gate.closes, 'who left is not the broadcaster to close').toBe(0);
  });

  it('row 64: a closed sink is taken out; the others get each event exactly once', async () => {
    const closed = new FunctionSink<number>(() => {});
    await closed.close();
    const [a, b] = [new Gate(), new Gate()];
    const all = new Broadcaster<number>([closed, a, b]);
    await all.write(1);
    await turns();
    expect(all.size).toBe(2);
    await all.write(2);
    await all.close();
    expect([a.delivered, b.delivered]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(all.dropped).toBe(1);
  });

  it('row 65: accepted writes are all delivered before the sinks are closed; all closers get the same', async () => {
    const gates = [new Gate(), new Gate()] as const;
    for (const gate of gates) gate.stick();
    const all = new Broadcaster<number>(gates, { maxSize: 1 });
    const writes = numbers(5).map((n) => all.write(n));
    const closers = [all.close(), all.close()];
    expect(isSinkClosed(await all.write(9).catch((error: unknown) => error))).toBe(true);
    for (const gate of gates) gate.unstick();
    await Promise.all(writes);
    const [first, second] = await Promise.all(closers);
    expect(second).toBe(first);
    for (const { delivered, closes } of gates) expect([delivered, closes]).toEqual([numbers(5), 1]);
  });

  it('row 65: what was taken for a sink that has left since is delivered, too', async () => {
    const gate = new Gate();
    gate.stick();
    const all = new Broadcaster<number>([gate]);
    for (const n of numbers(3)) await all.write(n);
    void all.remove(gate);
    let closed = false;
    const closing = all.close().then(() => (closed = true));
    await turns();
    expect(closed).toBe(false);
    gate.unstick();
    await closing;
    expect([gate.delivered, gate.closes]).toEqual([numbers(3), 0]);
  });

  it('row 65: a sink that was closed already is no error; several that cannot be closed are all named', async () => {
    const broken = (message: string): Sink<number> =>
      new FunctionSink(() => {}, {
        close: () => {
          throw new Error(message);
        },
      });
    const closed = new FunctionSink<number>(() => {}, {
      close: () => {
        throw new SinkClosedError();
      },
    });
    const gate = new Gate();
    const error = await new Broadcaster<number>([broken('one'), closed, broken('two'), gate])
      .close()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors.map(({ message }: Error) => message)).toEqual(['one', 'two']);
    expect(gate.closes).toBe(1);
    await expect(new Broadcaster<number>([broken('alone'), closed]).close()).rejects.toThrow(new Error('alone'));
  });

  it('row 65: at the deadline each pair of an event and a sink that did not get it is counted', async () => {
    const [stuck, quick] = [new Gate(), new Gate()];
    stuck.stick();
    const all = new Broadcaster<number>([stuck, quick]);
    for (const n of numbers(3)) await all.write(n);
    expect(await all.close({ signal: AbortSignal.timeout(20) })).toEqual({ undelivered: 3 });
    expect([quick.delivered, quick.closes, all.dropped]).toEqual([numbers(3), 1, 3]);
  });

  it('names everything that is wrong with its options', () => {
    expect(() => new Broadcaster([], { onFull: 'error' as never })).toThrow(
      'onFull must be wait, drop_oldest, drop_newest',
    );
    expect(() => new Broadcaster([], { maxSize: 0 })).toThrow('maxSize must be an integer of at least 1');
  });
});

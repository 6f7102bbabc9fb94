import { Writable } from 'node:stream';
import { runInNewContext } from 'node:vm';

import { describe, expect, it } from 'vitest';

import { FunctionSink, isSinkClosed, SinkClosedError, streamSink } from '../../src/index.ts';

const turns = async (count = 5): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('a function as a sink', () => {
  it('row 57: a write resolves when the event is committed, and rejects when it is not', async () => {
    const taken: number[] = [];
    let commit = (): void => {};
    const sink = new FunctionSink<number>(async (n) => {
      if (n < 0) throw new RangeError('below zero');
      await new Promise<void>((resolve) => (commit = resolve));
      taken.push(n);
    });
    let resolved = false;
    const write = sink.write(1).then(() => (resolved = true));
    await turns();
    expect(resolved).toBe(false);
    commit();
    await write;
    expect(taken).toEqual([1]);
    await expect(sink.write(-1)).rejects.toThrow(new RangeError('below zero'));
  });

  it('row 57: a function that throws refuses, and one that gives nothing has committed', async () => {
    const sink = new FunctionSink<boolean>((refuse) => {
      if (refuse) throw new TypeError('no');
    });
    await sink.write(false);
    await expect(sink.write(true)).rejects.toThrow(new TypeError('no'));
  });

  it('row 57: who gives a write up is told the reason at once, and so is the function', async () => {
    const reasons: unknown[] = [];
    const sink = new FunctionSink<number>((_, { signal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      return new Promise(() => {});
    });
    const giveUp = new AbortController();
    const write = sink.write(1, giveUp);
    const reason = new Error('enough');
    giveUp.abort(reason);
    await expect(write).rejects.toBe(reason);
    expect(reasons).toEqual([reason]);
    await expect(sink.write(2, giveUp)).rejects.toBe(reason);
    expect(await sink.close()).toEqual({ undelivered: 0 });
  });

  it('row 57: a function that looks at its signal late is told all the same', async () => {
    for (const closes of [false, true]) {
      let reason: unknown;
      const sink = new FunctionSink<number>(async (_, options) => {
        await turns(1);
        const { signal } = options;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        reason = signal.reason;
      });
      const giveUp = new AbortController();
      const write = sink.write(1, closes ? {} : giveUp).catch((error: unknown) => error);
      await turns();
      const closing = sink.close(closes ? giveUp : {});
      giveUp.abort('enough');
      expect(await write).toBe('enough');
      expect(await closing).toEqual({ undelivered: 0 });
      await turns();
      expect(reason).toBe('enough');
    }
  });

  it('row 57: close waits for what runs, closes once, and tells what closing threw to all', async () => {
    const closes: string[] = [];
    let commit = (): void => {};
    const sink = new FunctionSink<number>(() => new Promise<void>((resolve) => (commit = resolve)), {
      close: () => {
        closes.push('closed');
        throw new Error('cannot close');
      },
    });
    const write = sink.write(1);
    const all = [sink.close(), sink.close()].map((close) => close.catch((error: Error) => error.message));
    await turns();
    expect(closes).toEqual([]);
    commit();
    await write;
    expect(await Promise.all(all)).toEqual(['cannot close', 'cannot close']);
    await expect(sink.close()).rejects.toThrow('cannot close');
    expect(closes).toEqual(['closed']);
  });

  it('row 57: many writes at once leave nothing on a signal that they share', async () => {
    const giveUp = new AbortController();
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', note);
    try {
      const sink = new FunctionSink<number>(async (_, { signal }) => {
        await turns(1);
        expect(signal.aborted).toBe(false);
      });
      await Promise.all(Array.from({ length: 100 }, (_, n) => sink.write(n, giveUp)));
      await turns();
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', note);
    }
  });
});

describe('a stream as a sink', () => {
  it('row 57: writes reach the stream in order, and close closes it', async () => {
    const taken: unknown[] = [];
    const sink = streamSink(
      new WritableStream<number>({ write: (n) => void taken.push(n), close: () => void taken.push('closed') }),
    );
    await Promise.all([sink.write(1), sink.write(2), sink.write(3)]);
    expect(taken).toEqual([1, 2, 3]);
    await sink.close();
    expect(taken).toEqual([1, 2, 3, 'closed']);
  });

  it('row 57: a stream that breaks refuses what follows, and leaves no rejection that nobody handles', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const sink = streamSink(
        new WritableStream<number>({
          write: (n) => {
            if (n === 2) throw new Error('broken');
          },
        }),
      );
      await sink.write(1);
      await expect(sink.write(2)).rejects.toThrow('broken');
      await expect(sink.write(3)).rejects.toThrow('broken');
      await sink.close().catch(() => {});
      await turns();
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('row 57: a stream of Node is one, too', async () => {
    const taken: string[] = [];
    const node = new Writable({
      objectMode: true,
      write: (event: { n: number }, _, then) => {
        taken.push(`n=${event.n}`);
        then();
      },
    });
    const sink = streamSink<{ n: number }>(Writable.toWeb(node));
    await sink.write({ n: 1 });
    await sink.close();
    expect(taken).toEqual(['n=1']);
    expect(node.destroyed || node.writableFinished).toBe(true);
  });
});

describe('the error of a closed sink', () => {
  it('row 58: is known across copies of the package and across realms', async () => {
    const sink = new FunctionSink<number>(() => {});
    await sink.close();
    const error = await sink.write(1).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SinkClosedError);
    expect(error).toMatchObject({ name: 'SinkClosedError', code: 'SINK_CLOSED', message: 'the sink is closed' });
    expect(isSinkClosed(error)).toBe(true);
    const elsewhere: unknown = runInNewContext(
      `Object.assign(new Error('the sink is closed'), { code: 'SINK_CLOSED' })`,
    );
    expect(elsewhere).not.toBeInstanceOf(Error);
    expect(isSinkClosed(elsewhere)).toBe(true);
    for (const other of [undefined, null, 'SINK_CLOSED', new Error('the sink is closed'), { code: 'X' }])
      expect(isSinkClosed(other)).toBe(false);
  });
});

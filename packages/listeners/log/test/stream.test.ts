import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';

import { decodeEvent } from '@lockscope/core';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { Script, Sheet } from './script.ts';

/** A stream that takes one chunk and then none until it is told to. */
function slowStream(): { stream: Writable; got: string[]; goOn: () => void } {
  const got: string[] = [];
  let done: (() => void) | undefined;
  let free = false;
  const stream = new Writable({
    highWaterMark: 1,
    write(chunk, _, callback) {
      got.push(String(chunk));
      if (free) callback();
      else done = callback;
    },
  });
  return {
    stream,
    got,
    goOn: () => {
      free = true;
      done?.();
    },
  };
}

function tell(script: Script, count: number): void {
  for (let n = 0; n < count; n += 1) script.begin({ lockKey: `orders/${n}` }).end('not_acquired');
}

afterEach(() => vi.restoreAllMocks());

describe('a stream that is slow', () => {
  it('is given no more than it wants, and gets the rest in order when it has room', async () => {
    const { stream, got, goOn } = slowStream();
    const script = new Script({ stream });
    tell(script, 50);
    expect(stream.writableLength).toBeLessThan(2000);
    goOn();
    expect(await script.listener.flush()).toEqual({ undelivered: 0 });
    await new Promise((resolve) => stream.end(resolve));
    expect(got.map((line) => decodeEvent(line).lockKey)).toEqual(Array.from({ length: 50 }, (_, n) => `orders/${n}`));
    expect(script.listener.dropped).toBe(0);
  });

  it('costs a bounded number of lines, and the rest is counted', async () => {
    const { stream, got, goOn } = slowStream();
    const script = new Script({ stream, maxBuffered: 10 });
    tell(script, 50);
    expect(script.listener.dropped).toBe(39);
    goOn();
    await script.listener.flush();
    await new Promise((resolve) => stream.end(resolve));
    expect(got).toHaveLength(11);
    expect(script.faults).toEqual([]);
  });

  it('does not hold up flush for longer than it may', async () => {
    const { stream } = slowStream();
    const script = new Script({ stream });
    tell(script, 5);
    expect(await script.listener.flush({ timeoutMs: 5 })).toEqual({ undelivered: 4 });
  });

  it('is written to at once when it cannot say that it has room again', () => {
    const chunks: string[] = [];
    const script = new Script({ stream: { write: (chunk) => chunks.push(chunk) < 0 } });
    tell(script, 5);
    expect(chunks).toHaveLength(5);
  });
});

describe('a stream that fails', () => {
  it('does not end the process, is reported once, and its lines are counted', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const stream = new Writable({
      write: (_chunk, _encoding, callback) => process.nextTick(callback, new Error('disk full')),
    });
    const script = new Script({ stream });
    tell(script, 3);
    await new Promise((resolve) => stream.once('close', resolve));
    tell(script, 3);
    expect(script.listener.dropped).toBe(3);
    expect(script.faults).toEqual([]);
    expect(warn.mock.calls.map(([text]) => text)).toEqual([expect.stringContaining('disk full')]);
  });

  it('while it is full gives up what waits for it', async () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { stream } = slowStream();
    const script = new Script({ stream });
    tell(script, 5);
    const flushed = script.listener.flush({ timeoutMs: 10_000 });
    stream.destroy(new Error('gone'));
    expect(await flushed).toEqual({ undelivered: 0 });
    expect(script.listener.dropped).toBe(4);
  });

  it('or is closed while it is full gives up what waits for it', async () => {
    const { stream } = slowStream();
    const script = new Script({ stream });
    tell(script, 5);
    const flushed = script.listener.flush({ timeoutMs: 10_000 });
    stream.destroy();
    expect(await flushed).toEqual({ undelivered: 0 });
    expect(script.listener.dropped).toBe(4);
  });

  it('and does not tell so is given up by flush', async () => {
    const stream = { write: () => false, once: () => {}, destroyed: false };
    const script = new Script({ stream });
    tell(script, 5);
    stream.destroyed = true;
    expect(await script.listener.flush({ timeoutMs: 10_000 })).toEqual({ undelivered: 0 });
    expect(script.listener.dropped).toBe(4);
  });

  it('without an end, as the standard output may, is written to again', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const chunks: string[] = [];
    const stream = Object.assign(new EventEmitter(), { write: (chunk: string) => chunks.push(chunk) > 1 });
    const script = new Script({ stream });
    tell(script, 3);
    expect(chunks).toHaveLength(1);
    stream.emit('error', new Error('EAGAIN'));
    expect(chunks).toHaveLength(3);
    tell(script, 1);
    expect(chunks).toHaveLength(4);
    expect(script.listener.dropped).toBe(0);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('by throwing costs that line only', () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    let calls = 0;
    const sheet = new Sheet();
    const stream = {
      write: (chunk: string): boolean => {
        calls += 1;
        if (calls === 2) throw new Error('once');
        return sheet.write(chunk);
      },
    };
    const script = new Script({ stream });
    tell(script, 3);
    expect(sheet.lines).toHaveLength(2);
    expect(script.listener.dropped).toBe(1);
    expect(script.faults).toEqual([]);
  });

  it.each(['destroy', 'end'] as const)('to be there any more, after %s(), is left alone', async (method) => {
    const stream = new Writable({ write: (_chunk, _encoding, callback) => callback() });
    const write = vi.spyOn(stream, 'write');
    const script = new Script({ stream });
    stream[method]();
    tell(script, 4);
    expect(write).not.toHaveBeenCalled();
    expect(script.listener.dropped).toBe(4);
    expect(await script.listener.flush()).toEqual({ undelivered: 0 });
  });
});

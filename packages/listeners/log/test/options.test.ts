import { ListenerSet } from '@lockscope/core';
import { describe, expect, it, vi } from 'vitest';

import { InvalidOptionsError, log, type LogOptions } from '../src/index.ts';
import { Sheet } from './script.ts';

describe('options', () => {
  it('that are wrong are all named at once', () => {
    const wrong = {
      stream: {},
      logger: { debug: () => {}, info: () => {}, warn: () => {} },
      format: 'xml',
      style: 'bunyan',
      level: 'fatal',
      longWaitMs: -1,
      longHoldMs: Number.NaN,
      maxBuffered: 1.5,
      rateLimit: { lines: 0, everyMs: 1e12 },
    };
    expect(() => log(wrong as unknown as LogOptions)).toThrow(
      new InvalidOptionsError([
        'stream and logger exclude each other',
        'format is for a stream, a logger has its own',
        'stream must have write()',
        'logger must have error()',
        'format must be json or pretty, got xml',
        'style must be pino or winston or console, got bunyan',
        'level must be debug or info or warn or error, got fatal',
        'longWaitMs must be at least 0, got -1',
        'longHoldMs must be at least 0, got NaN',
        'maxBuffered must be an integer of at least 0, got 1.5',
        'rateLimit.lines must be an integer of at least 1, got 0',
        'rateLimit.everyMs must be at most 2147483647, got 1000000000000',
      ]),
    );
  });

  it('that are undefined are as if they were absent', () => {
    const stream = new Sheet();
    const absent = Object.fromEntries(['level', 'longWaitMs', 'colors', 'format'].map((name) => [name, undefined]));
    const listeners = new ListenerSet({ listeners: [log({ stream, ...absent })] });
    listeners.begin('lock', { lockName: 'a', lockKey: 'a' })?.end('released');
    expect(stream.lines).toHaveLength(1);
  });
});

describe('with nothing to write to', () => {
  it('it says so once, and wants to hear of nothing', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const listener = log();
    log({ longWaitMs: 5 });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toContain('nothing to write to');
    expect(new ListenerSet({ listeners: [listener] }).wants('lock')).toBe(false);
    expect(await listener.flush()).toEqual({ undelivered: 0 });
    warn.mockRestore();
  });
});

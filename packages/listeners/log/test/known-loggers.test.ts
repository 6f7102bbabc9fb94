import { Writable } from 'node:stream';

import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import winston from 'winston';

import { blocker, Script } from './script.ts';

const sentence =
  'lock acquired after 2.00s on orders/{id} [orders/42], token 118, was blocked by checkout-7f9c (POST /checkout, token 118, held 2.10s)';

function collector(): { stream: Writable; records: () => Record<string, unknown>[] } {
  let text = '';
  const stream = new Writable({
    write(chunk, _, callback) {
      text += String(chunk);
      callback();
    },
  });
  return {
    stream,
    records: () =>
      text
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
  };
}

describe('a logger that exists already', () => {
  it.each(['itself', 'a child'])('pino, %s, gets fields and a message', (which) => {
    const { stream, records } = collector();
    const root = pino({ level: 'info' }, stream);
    const script = new Script({ logger: which === 'itself' ? root : root.child({ service: 'api' }) });
    script.cycle({ waitMs: 2000, blocker });
    expect(script.faults).toEqual([]);
    expect(records()).toEqual([expect.objectContaining({ level: 40, msg: sentence, 'lock.key': 'orders/42' })]);
  });

  it('winston gets a message and fields', () => {
    const { stream, records } = collector();
    const logger = winston.createLogger({ level: 'info', transports: [new winston.transports.Stream({ stream })] });
    const script = new Script({ logger });
    script.cycle({ waitMs: 2000, blocker });
    expect(script.faults).toEqual([]);
    expect(records()).toEqual([expect.objectContaining({ level: 'warn', message: sentence, 'lock.key': 'orders/42' })]);
  });

  it('console gets a message and fields', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    new Script({ logger: console, level: 'warn' }).cycle({ waitMs: 2000, blocker });
    expect(warn.mock.calls).toEqual([[sentence, expect.objectContaining({ 'lock.key': 'orders/42' })]]);
    warn.mockRestore();
  });

  it('bunyan, which keeps serializers as pino does, gets fields first', () => {
    const calls: unknown[][] = [];
    const method = (...args: unknown[]): void => void calls.push(args);
    const logger = { debug: method, info: method, warn: method, error: method, serializers: {} };
    new Script({ logger, level: 'warn' }).cycle({ waitMs: 2000, blocker });
    expect(calls.map((args) => args.map((arg) => typeof arg))).toEqual([['object', 'string']]);
  });

  it('that is not recognised is spoken to as the style says', () => {
    const calls: unknown[][] = [];
    const method = (...args: unknown[]): void => void calls.push(args);
    const logger = { debug: method, info: method, warn: method, error: method };
    new Script({ logger, style: 'pino', level: 'warn' }).cycle({ waitMs: 2000, blocker });
    new Script({ logger, level: 'warn' }).cycle({ waitMs: 2000, blocker });
    expect(calls.map((args) => args.map((arg) => typeof arg))).toEqual([
      ['object', 'string'],
      ['string', 'object'],
    ]);
  });

  it('may lose its level while the process runs', () => {
    const { stream, records } = collector();
    const logger = pino({ level: 'debug' }, stream);
    const script = new Script({ logger });
    script.cycle();
    logger.level = 'warn';
    script.cycle();
    expect(records()).toHaveLength(2);
  });
});

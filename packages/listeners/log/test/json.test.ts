import { decodeEvent, snapshot, type Event } from '@lockscope/core';
import { describe, expect, it, vi } from 'vitest';

import { blocker, Script, Sheet } from './script.ts';

describe('JSON lines', () => {
  it('are one for each event, in the order in which they ended, and read back as the same events', () => {
    const sheet = new Sheet();
    const script = new Script({ stream: sheet });
    const told: Event[] = [];
    script.listeners.add((event) => void told.push(snapshot(event)));
    script.cycle({ blocker, lockKey: 'a\nb\u2028"c"' });
    expect(sheet.lines).toHaveLength(2);
    expect(sheet.lines.map(decodeEvent)).toEqual(told);
    expect(script.faults).toEqual([]);
  });

  it('leave out what matters less than the level', () => {
    const sheet = new Sheet();
    const script = new Script({ stream: sheet, level: 'warn' });
    script.cycle();
    expect(sheet.lines).toEqual([]);
    script.begin().child('lock.acquire')?.end('timeout');
    expect(sheet.lines.map((line) => decodeEvent(line).outcome)).toEqual(['timeout']);
  });

  it('tell of a renewal that found the lock lost as a warning, because the loss itself is the error', () => {
    const sheet = new Sheet();
    const script = new Script({ stream: sheet, level: 'error' });
    const lock = script.begin();
    lock.child('lease.renew')?.end('lost');
    lock.child('lease.lost')?.end('lost');
    lock.end('lost');
    expect(sheet.lines.map((line) => decodeEvent(line).type)).toEqual(['lease.lost', 'lock']);
  });

  it('go to the standard output when only the format is given', () => {
    const written: unknown[] = [];
    const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk: unknown) => written.push(chunk) > 0);
    new Script({ format: 'json' }).begin().end('not_acquired');
    write.mockRestore();
    expect(written).toHaveLength(1);
    expect(decodeEvent(String(written[0])).type).toBe('lock');
  });
});

import { describe, expect, it } from 'vitest';

import { encodeEvent, ListenerSet, snapshot, type Event } from '../src/index.ts';
import { HandClock } from './hand-clock.ts';
import { Heard } from './heard.ts';
import { orders } from './possession.ts';

describe('an event that has ended', () => {
  const clock = new HandClock();
  const heard = new Heard();
  const kept: Event[] = [];
  const set = new ListenerSet({ listeners: [heard, (event) => void kept.push(event)], clock });
  const open = set.begin('lock.acquire', orders);
  open?.action('acquire.attempt', { attempt: 1, result: 'busy' });
  clock.advance(5);
  open?.end('timeout', { error: new Error('too late'), details: { attempts: 1, waitMs: 5, contended: true } });
  const [event] = kept as [Event];
  const then = encodeEvent(event);

  it('reads the same one second later, to the byte', () => {
    clock.advance(1000);
    expect(encodeEvent(event)).toBe(then);
    expect(encodeEvent(snapshot(event))).toBe(then);
  });

  it('ignores a second end', () => {
    clock.advance(1000);
    open?.end('acquired', { lock: { key: 'a', ownerId: 'o', fencingToken: 1, acquiredAt: 0, expiresAt: 1 } });
    expect(encodeEvent(event)).toBe(then);
    expect(heard.lines.filter((line) => line.endsWith('ends'))).toEqual(['lock.acquire ends']);
  });

  it('ignores an action that comes too late', () => {
    open?.action('acquire.attempt', { attempt: 2, result: 'acquired' });
    expect(encodeEvent(event)).toBe(then);
    expect(heard.lines.filter((line) => line.includes('acquire.attempt'))).toHaveLength(1);
  });

  it('gives the same actions each time', () => {
    expect(event.actions).toBe(event.actions);
  });
});

describe('an event that runs', () => {
  it('shows what is known so far, and has no end', () => {
    const clock = new HandClock();
    const heard: Event[] = [];
    const set = new ListenerSet({ listeners: [{ name: 'live', onAction: (seen) => void heard.push(seen) }], clock });
    const open = set.begin('lock.acquire', orders);
    open?.action('acquire.attempt', { attempt: 1, result: 'busy' });
    const [event] = heard as [Event];
    expect(event.actions).toHaveLength(1);
    for (const field of ['endedAt', 'durationMs', 'outcome', 'details', 'error', 'lock'] as const)
      expect(event[field], field).toBeUndefined();
    const before = event.actions;
    open?.action('acquire.attempt', { attempt: 2, result: 'acquired' });
    expect(event.actions).toHaveLength(2);
    expect(before, 'a list that was taken earlier stays as it was').toHaveLength(1);
  });
});

describe('a snapshot', () => {
  it('is a frozen plain object, which can be copied and sent to a worker', () => {
    const open = new ListenerSet({ listeners: [() => {}] }).begin('lock', orders);
    open?.end('released');
    const copy = snapshot(open?.event as Event);
    expect(Object.isFrozen(copy)).toBe(true);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(structuredClone(copy)).toEqual(copy);
    expect({ ...copy }.lockKey).toBe('orders/42');
  });

  it('of a running event stays as it was', () => {
    const open = new ListenerSet({ listeners: [() => {}] }).begin('lock', orders);
    const copy = snapshot(open?.event as Event);
    open?.action('lock.reentered', { depth: 2 });
    open?.end('released');
    expect(copy).not.toHaveProperty('outcome');
    expect(copy.actions).toEqual([]);
  });
});

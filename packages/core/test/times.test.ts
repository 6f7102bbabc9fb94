import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ListenerSet, type Event, type OpenEvent } from '../src/index.ts';
import { HandClock } from './hand-clock.ts';
import { Heard } from './heard.ts';
import { orders, tellPossession } from './possession.ts';

const hour = 3_600_000;

describe('the times of one tree', () => {
  it('are on one monotonic clock: what took 5 ms says 5 ms', () => {
    const clock = new HandClock();
    const heard = new Heard();
    tellPossession(new ListenerSet({ listeners: [heard], clock }), clock);
    const root = heard.ended.find(({ type }) => type === 'lock');
    expect(root?.startedAt).toBe(Date.UTC(2026, 0, 1));
    expect(heard.ended.map(({ type, durationMs }) => `${type} ${durationMs}`)).toEqual([
      'storage.acquire 2',
      'storage.acquire 2',
      'lock.acquire 34',
      'lease.renew 2',
      'storage.release 2',
      'lock.release 2',
      'lock 10038',
    ]);
  });

  it('never cross when the wall clock steps back or forth in the middle', () => {
    const step = fc.record({ jump: fc.integer({ min: -hour, max: hour }), pass: fc.nat(1000) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
        const clock = new HandClock();
        const set = new ListenerSet({ listeners: [() => {}], clock });
        const root = set.begin('lock', orders) as OpenEvent<'lock'>;
        let open: OpenEvent = root;
        for (const { jump, pass } of steps) {
          clock.wall += jump;
          clock.advance(pass);
          const child = open.child('lock.acquire') as unknown as OpenEvent;
          expect(child.event.startedAt).toBeGreaterThanOrEqual(open.event.startedAt);
          child.action('acquire.attempt', { attempt: 1, result: 'busy' });
          open = child;
        }
        for (let event: Event | undefined = open.event as Event; event !== undefined; event = event.parent) {
          const [action] = event.actions;
          if (action !== undefined) expect(action.startedAt).toBeGreaterThanOrEqual(event.startedAt);
        }
        clock.wall -= hour;
        root.end('released');
        const passed = steps.reduce((sum, { pass }) => sum + pass, 0);
        expect(root.event.durationMs).toBe(passed);
        expect(root.event.endedAt).toBe(root.event.startedAt + passed);
      }),
    );
  });

  it('keep microseconds, and nothing finer that would be noise', () => {
    let monotonic = 100;
    const clock = { now: () => 1_767_225_600_000, monotonic: () => monotonic };
    const open = new ListenerSet({ listeners: [() => {}], clock }).begin('lock', orders);
    monotonic += 0.3004;
    open?.end('released');
    expect(open?.event.durationMs).toBe(0.3);
    expect(open?.event.endedAt).toBe(1_767_225_600_000.3);
  });
});

describe('a moment that the caller noted before it told of it', () => {
  const clock = new HandClock();
  const set = new ListenerSet({ listeners: [() => {}], clock });
  const root = set.begin('lock', orders) as OpenEvent<'lock'>;
  const noted = root.now();
  clock.advance(100);

  it('is the start of a child that is told late', () => {
    const child = root.child('lock.release', { at: noted });
    clock.advance(7);
    child?.end('released', { at: noted + 7 });
    expect(child?.event.startedAt).toBe(root.event.startedAt);
    expect(child?.event.durationMs).toBe(7);
  });

  it('bounds an action', () => {
    const open = set.begin('lock.acquire', orders) as OpenEvent<'lock.acquire'>;
    const from = open.now();
    clock.advance(4);
    open.action('acquire.attempt', { attempt: 1, result: 'busy' }, { from, at: from + 3 });
    open.action('acquire.attempt', { attempt: 2, result: 'acquired' });
    const [first, second] = open.event.actions;
    expect(first).toMatchObject({ startedAt: open.event.startedAt, endedAt: open.event.startedAt + 3 });
    expect(second?.startedAt, 'an action without a length has one moment').toBe(second?.endedAt);
  });
});

it('by default the times are those of this machine', () => {
  const before = Date.now();
  const open = new ListenerSet({ listeners: [() => {}] }).begin('lock', orders);
  open?.end('released');
  // The wall clock has whole milliseconds.
  expect(open?.event.startedAt).toBeGreaterThanOrEqual(before - 1);
  expect(open?.event.endedAt).toBeLessThanOrEqual(Date.now() + 1);
});

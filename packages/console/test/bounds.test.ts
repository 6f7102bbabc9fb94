import { decodeEvent } from '@lockscope/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Board } from '../src/board.ts';
import { limits } from '../src/limits.ts';
import { epoch, Script } from './script.ts';

describe('memory', () => {
  it('forgets what is older than a minute', () => {
    const script = new Script();
    script.process('a').gets('x', 1).releases();
    script.at(limits.windowMs - 1);
    expect(script.view().spans).toHaveLength(1);
    script.at(limits.windowMs + 1);
    expect(script.view()).toMatchObject({ spans: [], locks: [] });
  });

  it('keeps at most a hundred locks: an idle one goes, a busy one never does, what has no room is counted', () => {
    const script = new Script();
    const process = script.process('a');
    const busy = process.gets('busy', 1);
    for (let n = 0; n < limits.locks + 50; n += 1) script.at(n).process('a').gets(`idle/${n}`, 1).releases();
    const { locks, totals } = script.view();
    expect(locks).toHaveLength(limits.locks);
    expect(locks.map(({ key }) => key)).toContain('busy');
    expect(locks.map(({ key }) => key)).toContain(`idle/${limits.locks + 49}`);
    expect(totals.notShown).toBe(0);
    busy.releases();

    const full = new Script();
    for (let n = 0; n < limits.locks + 5; n += 1) full.process('a').gets(`held/${n}`, 1);
    expect(full.view().locks).toHaveLength(limits.locks);
    expect(full.view().totals.notShown).toBeGreaterThanOrEqual(5);
    expect(full.view().totals.acquires, 'all are counted, shown or not').toBe(limits.locks + 5);
  });

  it('keeps a bounded number of possessions of one lock, the newest', () => {
    const script = new Script();
    const process = script.process('a');
    for (let n = 1; n <= limits.spansPerLock + 20; n += 1) process.gets('x', n).releases();
    const tokens = script.view().spans.map((span) => (span.kind === 'hold' ? span.token : 0));
    expect(tokens).toHaveLength(limits.spansPerLock);
    expect(tokens).toContain(limits.spansPerLock + 20);
  });

  it('keeps waits that last rather than what is over, and counts those that have no room', () => {
    const script = new Script();
    const process = script.process('a');
    const hold = process.gets('x', 1);
    for (let n = 0; n < limits.spansPerLock + 10; n += 1)
      process.asks('x', { ownerId: `w${n}` }).blockedBy(hold.blocker);
    expect(script.lock('x')).toMatchObject({ waiting: limits.spansPerLock - 1, holder: { token: 1 } });
    expect(script.view().totals.notShown).toBe(11);
  });

  it('keeps the newest notes, the usual ones never at the cost of the notable', () => {
    const script = new Script();
    const process = script.process('a');
    process.gets('x', 1).loses('forced');
    for (let n = 0; n < limits.notes + 30; n += 1) process.gets('x', n + 2).releases();
    const { notes, losses } = script.view();
    expect(notes.filter(({ notable }) => !notable)).toHaveLength(limits.notes);
    expect(notes.filter(({ notable }) => notable)).toHaveLength(1);
    expect(losses).toHaveLength(1);
  });

  it('keeps the newest losses and counts all', () => {
    const script = new Script();
    const process = script.process('a');
    for (let n = 1; n <= limits.losses + 5; n += 1) process.gets('x', n).loses('forced');
    const { losses, totals } = script.view();
    expect(losses).toHaveLength(limits.losses);
    expect(losses.at(-1)?.token).toBe(limits.losses + 5);
    expect(totals.losses).toBe(limits.losses + 5);
  });

  it('keeps a bounded number of processes; a running one never goes for another', () => {
    const script = new Script();
    script.board.processStarted('dead', {}, epoch);
    script.board.processGone('dead', 'killed', epoch);
    for (let n = 0; n < limits.processes; n += 1)
      script
        .process(`p${n}`)
        .gets('x', n + 1)
        .releases();
    script.process('one too many').gets('x', 999);
    const names = script.view().processes.map(({ name }) => name);
    expect(names).toHaveLength(limits.processes);
    expect(names).toContain('p0');
    expect(names).not.toContain('dead');
    expect(names).not.toContain('one too many');
    expect(script.view().totals.notShown).toBeGreaterThan(0);
  });

  it('forgets a dead process after a while, but not while it still holds something', () => {
    const script = new Script();
    script.process('victim').gets('x', 1, { leaseMs: 10 * limits.windowMs });
    script.board.processGone('victim', 'killed', epoch);
    script.at(3 * limits.windowMs);
    expect(script.lock('x').holder?.gone).toBe('killed');
    expect(script.view().processes).toHaveLength(1);
    script.at(10 * limits.windowMs + 1);
    script.view();
    expect(script.view().processes).toHaveLength(0);
  });

  it('cuts long texts', () => {
    const script = new Script();
    script.process('a').gets('x', 1, { operation: 'o'.repeat(10_000), name: 'n'.repeat(10_000) });
    const { holder, name } = script.lock('x');
    expect(holder?.operation?.length).toBeLessThanOrEqual(limits.text + 1);
    expect(name.length).toBeLessThanOrEqual(limits.text + 1);
  });

  it('gives running processes colours of their own while there are enough', () => {
    const script = new Script();
    for (let n = 0; n < limits.colours; n += 1) script.board.processStarted(`p${n}`, {}, epoch);
    script.board.processGone('p3', 'killed', epoch + 1);
    script.board.processStarted('successor', {}, epoch + 2);
    script.board.processStarted('one more', {}, epoch + 3);
    const colours = new Map(script.view().processes.map(({ name, colour }) => [name, colour]));
    expect(colours.get('successor')).toBe(3);
    expect([...colours.values()].every((colour) => colour >= 0 && colour < limits.colours)).toBe(true);
  });
});

describe('messages that got lost', () => {
  it('shows the same possession when only the ends of events were told', () => {
    const script = new Script();
    script.live = false;
    const hold = script.process('cron').gets('x', 1);
    const waiter = script.process('b').asks('x').blockedBy(hold.blocker);
    script.at(800);
    hold.releases();
    const second = waiter.granted(2);
    script.at(900);
    second.releases();
    for (const told of script.told.filter(({ phase }) => phase === 'end')) script.deliver(told);
    expect(script.view().spans).toMatchObject([
      { kind: 'hold', process: 'cron', to: epoch + 800 },
      { kind: 'wait', process: 'b', from: epoch, to: epoch + 800, outcome: 'acquired' },
      { kind: 'hold', process: 'b', to: epoch + 900 },
    ]);
    expect(script.view().totals).toMatchObject({ acquires: 2, contended: 1 });
  });

  it('counts nothing twice that is told twice', () => {
    const script = new Script();
    script.process('a').gets('x', 1).releases();
    for (const told of script.told) script.deliver(told);
    expect(script.view().totals.acquires).toBe(1);
    expect(script.view().spans).toHaveLength(1);
  });

  it('gives up a wait that has not reported for far too long', () => {
    const script = new Script();
    const acquire = script.process('b').asks('x').blockedBy({ ownerId: 'other' });
    script.at(8000);
    acquire.reports();
    script.at(25_000);
    expect(script.view().totals.waiting).toBe(1);
    script.at(40_000);
    expect(script.view().totals.waiting).toBe(0);
    expect(script.view().spans).toMatchObject([{ kind: 'wait', outcome: 'unknown' }]);
  });

  it('gives up a possession whose lease has been over for long', () => {
    const script = new Script();
    script.process('b').gets('x', 1, { leaseMs: 1000 });
    script.at(50_000);
    expect(script.lock('x').holder?.process).toBe('b');
    script.at(61_001);
    expect(script.view().totals.held).toBe(0);
  });
});

describe('what comes from elsewhere', () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const actionName = fc.constantFrom(
    'acquire.contended',
    'acquire.blocker_changed',
    'acquire.taken_over',
    'lease.suspect',
    'lease.recovered',
    'something.else',
  );
  const wire = fc.record(
    {
      id: fc.constantFrom('1', '2', '3'),
      root_id: fc.constantFrom('1', '2'),
      type: fc.constantFrom(
        'lock',
        'lock.acquire',
        'lock.create',
        'lock.release',
        'lease.lost',
        'lease.renew',
        'lock.force_release',
        'unknown',
      ),
      lock_id: fc.constantFrom('x', 'y'),
      owner_id: fc.oneof(fc.constant('o'), json),
      operation: json,
      start_time: fc.constantFrom('2026-11-20T10:00:00Z', '2026-11-20T10:00:01Z'),
      end_time: fc.oneof(fc.constant('2026-11-20T10:00:02Z'), json),
      actions: fc.array(fc.record({ name: actionName, payload_map: fc.oneof(json, fc.record({ blocker: json })) }), {
        maxLength: 3,
      }),
      outcome: fc.oneof(fc.constantFrom('acquired', 'released', 'lost', 'renewed', 'timeout', 'forced'), json),
      details: json,
      lock_information: json,
    },
    { requiredKeys: ['id', 'type', 'lock_id', 'start_time'] },
  );

  it('never breaks the board, whatever an event carries', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(wire, fc.constantFrom('start' as const, 'action' as const, 'end' as const)), {
          maxLength: 20,
        }),
        (messages) => {
          const board = new Board();
          for (const [message, phase] of messages) board.apply('p', decodeEvent(message), phase, epoch);
          const view = board.view(0, epoch + 1000);
          expect(JSON.parse(JSON.stringify(view))).toMatchObject({ full: true });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('has room for an event whose fields are no texts', () => {
    const board = new Board();
    const event = decodeEvent({
      id: '1',
      type: 'lock.acquire',
      lock_id: 'x',
      start_time: '2026-11-20T10:00:00Z',
      actions: [{ name: 'acquire.contended', payload_map: { blocker: { ownerId: 7, operation: {}, pid: 'x' } } }],
    });
    board.apply('p', event, 'action', epoch);
    expect(board.view(0, epoch).locks[0]?.waiters[0]?.blocker).toEqual({ label: 'somebody unknown' });
  });
});

import { TraceFlags } from '@opentelemetry/api';
import type { Blocker, WaitSegment } from '@lockscope/core';
import { beforeAll, describe, expect, it } from 'vitest';

import { acquired, blockerWith, FakeProcess, released, useAsyncContext } from './fake-process.ts';

beforeAll(useAsyncContext);

const traceparent = (id: number, sampled = true): string =>
  `00-0af7651916cd43dd8448eb211c80319c-${id.toString(16).padStart(16, '0')}-${sampled ? '01' : '00'}`;
const first = blockerWith(traceparent(1), { ownerId: 'first' });

/** A wait behind `first` that ended like this. */
function waited(app: FakeProcess, details: object, outcome: 'acquired' | 'deadlock' = 'acquired'): void {
  const lock = app.begin();
  const acquire = lock.child('lock.acquire');
  acquire?.action('acquire.contended', { blocker: first });
  acquire?.end(outcome, { details: { ...acquired, contended: true, ...details } });
  lock.end(outcome === 'acquired' ? 'released' : outcome, { details: { ...released, contended: true } });
}

describe('what a wait was spent on', () => {
  const segments: WaitSegment[] = [
    { kind: 'store', ms: 2 },
    { kind: 'held_by', ms: 1200.5, blocker: first },
    { kind: 'handoff', ms: 4 },
    { kind: 'held_by', ms: 300, blocker: blockerWith(traceparent(2)) },
    { kind: 'backoff', ms: 40 },
    { kind: 'local_queue', ms: 7 },
    { kind: 'store', ms: 1 },
  ];

  it('is on the wait and on the lock, in seconds, with the number of its parts', () => {
    const app = new FakeProcess();
    waited(app, { waitMs: 1554.5, segments });
    for (const name of ['wait orders/{id}', 'lock orders/{id}']) {
      expect(app.span(name).attributes).toMatchObject({
        'lock.wait.held_by': 1.5005,
        'lock.wait.handoff': 0.004,
        'lock.wait.backoff': 0.04,
        'lock.wait.store': 0.003,
        'lock.wait.local_queue': 0.007,
        'lock.segments': 7,
      });
    }
  });

  it('is nowhere when nobody told', () => {
    const app = new FakeProcess();
    waited(app, {});
    for (const { attributes } of app.spans) {
      expect(Object.keys(attributes).filter((name) => /^lock\.(wait\.|segments)/.test(name))).toEqual([]);
    }
  });

  it('gives a link to holders that were not seen while it lasted', () => {
    const app = new FakeProcess();
    waited(app, { segments });
    const { links } = app.span('wait orders/{id}');
    expect(links.map(({ context }) => context.spanId)).toEqual(['0000000000000001', '0000000000000002']);
    expect(links[1]?.attributes).toMatchObject({
      'lock.link.type': 'blocked_by',
      'lock.blocker.owner.id': 'checkout-7f9c:88',
      'lock.blocker.operation': 'POST /checkout',
      'lock.blocker.sampled': true,
    });
    expect(app.listener.droppedLinks).toBe(0);
  });

  it('links to no more holders than it may, and counts the rest once each', () => {
    const app = new FakeProcess({ maxBlockerLinks: 3 });
    const lock = app.begin();
    const acquire = lock.child('lock.acquire');
    const crowd = Array.from({ length: 6 }, (_, n) => blockerWith(traceparent(n + 1)));
    const [one, two, three, four] = crowd as [Blocker, Blocker, Blocker, Blocker];
    acquire?.action('acquire.contended', { blocker: one });
    acquire?.action('acquire.blocker_changed', { previous: one, blocker: two });
    acquire?.action('acquire.blocker_changed', { previous: two, blocker: three });
    acquire?.action('acquire.blocker_changed', { previous: three, blocker: four });
    const parts = crowd.map((blocker): WaitSegment => ({ kind: 'held_by', ms: 1, blocker }));
    acquire?.end('acquired', { details: { ...acquired, contended: true, segments: parts } });
    lock.end('released', { details: released });
    expect(app.span('wait orders/{id}').links).toHaveLength(3);
    expect(app.listener.droppedLinks).toBe(3);
  });

  it.each([
    ['null', null],
    ['a text', 'held_by'],
    ['parts that are nothing', [null, undefined, 7, {}]],
    [
      'times that are none',
      [
        { kind: 'store', ms: Number.NaN },
        { kind: 'store', ms: -1 },
        { kind: 'store', ms: '9' },
      ],
    ],
    [
      'kinds that there are not',
      [
        { kind: 'toString', ms: 5 },
        { kind: '__proto__', ms: 5 },
      ],
    ],
    [
      'blockers that are none',
      [
        { kind: 'held_by', ms: 5, blocker: 'me' },
        { kind: 'held_by', ms: 5, blocker: null },
      ],
    ],
    ['a hostile trace context', [{ kind: 'held_by', ms: 5, blocker: { traceparent: '0'.repeat(1_000_000) } }]],
  ])('that is %s is left out, and the rest is told', (_, parts) => {
    const app = new FakeProcess();
    waited(app, { segments: parts });
    expect(app.faults).toEqual([]);
    expect(app.span('wait orders/{id}').links).toHaveLength(1);
    const { attributes } = app.span('lock orders/{id}');
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith('lock.wait.')) expect([name, value]).toEqual(['lock.wait.held_by', expect.any(Number)]);
    }
    expect(attributes['lock.outcome']).toBe('released');
  });
});

describe('who had the lock right before', () => {
  it('is linked to from the lock, with who it was', () => {
    const app = new FakeProcess();
    waited(app, { predecessor: blockerWith(traceparent(9, false), { ownerId: 'before' }) });
    const { links } = app.span('lock orders/{id}');
    expect(links).toHaveLength(1);
    expect(links[0]?.context).toMatchObject({ spanId: '0000000000000009', traceFlags: TraceFlags.NONE });
    expect(links[0]?.attributes).toMatchObject({
      'lock.link.type': 'handed_off_from',
      'lock.blocker.owner.id': 'before',
      'lock.blocker.service': 'checkout',
      'lock.blocker.sampled': false,
    });
  });

  it.each([[undefined], [null], ['text'], [{}], [{ traceparent: 7 }]])(
    'is not linked to when it is %s',
    (predecessor) => {
      const app = new FakeProcess();
      waited(app, { predecessor });
      expect(app.span('lock orders/{id}').links).toEqual([]);
      expect(app.faults).toEqual([]);
    },
  );
});

describe('a deadlock', () => {
  it('is linked to everybody who is part of it', () => {
    const app = new FakeProcess();
    const members = [first, blockerWith(traceparent(2), { ownerId: 'second' })];
    waited(app, { deadlockWith: members }, 'deadlock');
    const { links, attributes } = app.span('wait orders/{id}');
    expect(attributes['lock.outcome']).toBe('deadlock');
    expect(links.map(({ context, attributes: of }) => [of?.['lock.link.type'], context.spanId])).toEqual([
      ['blocked_by', '0000000000000001'],
      ['deadlock_with', '0000000000000001'],
      ['deadlock_with', '0000000000000002'],
    ]);
    expect(links[2]?.attributes?.['lock.blocker.owner.id']).toBe('second');
  });

  it('of a hundred thousand members that all lie is cut, and counted', () => {
    const app = new FakeProcess();
    const liar = { ownerId: 7, traceparent: '00-' } as unknown as Blocker;
    waited(app, { deadlockWith: Array.from({ length: 100_000 }, () => liar) }, 'deadlock');
    expect(app.span('wait orders/{id}').links).toHaveLength(1);
    expect(app.listener.droppedLinks).toBe(100_000 - 16);
    expect(app.faults).toEqual([]);
  });
});

describe('where the lock was asked for', () => {
  it('is on the wait, at a length that back ends take', () => {
    const app = new FakeProcess();
    const lock = app.begin();
    const acquire = lock.child('lock.acquire');
    acquire?.action('acquire.contended', { blocker: first, callSite: `at checkout (/app/x.ts:7)\n${'x'.repeat(1e6)}` });
    acquire?.end('acquired', { details: acquired });
    lock.end('released', { details: released });
    const site = app.span('wait orders/{id}').attributes['lock.call_site'];
    expect(site).toMatch(/^at checkout/);
    expect(String(site).length).toBeLessThan(5000);
  });
});

import type { LossEvidence } from '@lockscope/core';
import { describe, expect, it } from 'vitest';

import type { LogOptions } from '../src/index.ts';
import { blocker, possession, Script, Sheet } from './script.ts';

interface Told {
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function logged(options: LogOptions = {}): { readonly told: Told[]; readonly script: Script } {
  const told: Told[] = [];
  const tell = (text: string, fields: Record<string, unknown>): void => void told.push({ text, fields });
  const logger = { debug: tell, info: tell, warn: tell, error: tell };
  return { told, script: new Script({ logger, style: 'console', level: 'warn', ...options }) };
}

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const evidence: LossEvidence = {
  sinceConfirmedMs: 9100,
  eventLoopDelayMs: 2600,
  gcMs: 20,
  failedRenewals: 2,
  storageRoundTripMs: 350,
  worstRoundTripMs: 400,
  renewalPending: false,
  clockOffsetMs: -2100,
  successor: { ownerId: 'api-2', fencingToken: 119 },
};

describe('a line about a wait', () => {
  it('names the span of the one that waits, so that a log opens its trace', () => {
    const { told, script } = logged();
    script.listeners.add({ name: 'tracer', traceparent: () => traceparent });
    const lock = script.begin();
    lock.traceparent();
    lock.child('lock.acquire')?.action('acquire.waiting', { waitedMs: 2000, blocker });
    expect(told[0]?.fields).toMatchObject({
      trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
      span_id: '00f067aa0ba902b7',
    });
  });

  it('says at the end what the wait was spent on, kind by kind', () => {
    const { told, script } = logged();
    const segments = [
      { kind: 'held_by', ms: 1000, blocker },
      { kind: 'handoff', ms: 140 },
      { kind: 'held_by', ms: 610.5, blocker: { ownerId: 'other' } },
      { kind: 'store', ms: 90 },
    ] as const;
    script
      .begin()
      .child('lock.acquire')
      ?.end('timeout', { details: { attempts: 2, waitMs: 1840.5, contended: true, blocker, segments } });
    expect(told[0]?.fields).toMatchObject({
      'lock.wait.held_by': 1.6105,
      'lock.wait.handoff': 0.14,
      'lock.wait.store': 0.09,
    });
    expect(told[0]?.fields).not.toHaveProperty('lock.wait.backoff');
  });

  it('is drawn with its parts, the greatest first', () => {
    const stream = new Sheet();
    const script = new Script({ stream, format: 'pretty', colors: false });
    const lock = script.begin();
    const segments = [
      { kind: 'store', ms: 90 },
      { kind: 'held_by', ms: 1610, blocker },
    ] as const;
    const details = { attempts: 2, waitMs: 1700, contended: true, fencingToken: 7, segments };
    lock.child('lock.acquire')?.end('acquired', { details });
    lock.end('released', { details: possession });
    expect(stream.text).toContain('token 7, 2 attempts, held 1.61s, storage 90.0ms');
  });

  it('says where the lock was asked for, when that was kept', () => {
    const { told, script } = logged();
    const acquire = script.begin().child('lock.acquire');
    acquire?.action('acquire.contended', { blocker, callSite: 'at checkout (shop.js:10:3)' });
    acquire?.action('acquire.waiting', { waitedMs: 2000, blocker });
    expect(told[0]?.fields['lock.call_site']).toBe('at checkout (shop.js:10:3)');
  });
});

describe('what is long', () => {
  it('is decided for each lock name', () => {
    const names = { 'orders/{id}': { longWaitMs: 100 }, nightly: { longWaitMs: 60_000, longHoldMs: 3_600_000 } };
    const { told, script } = logged({ longWaitMs: 1000, longHoldMs: 5000, names });
    script.cycle({ waitMs: 150, blocker });
    script.cycle({ waitMs: 150, blocker, lockName: 'stock', lockKey: 'stock' });
    script.cycle({ waitMs: 1500, blocker, lockName: 'stock', lockKey: 'stock' });
    script.cycle({ waitMs: 1500, holdMs: 6000, blocker, lockName: 'nightly', lockKey: 'nightly' });
    script.cycle({ holdMs: 6000, lockName: 'stock', lockKey: 'stock' });
    script.cycle({ holdMs: 6000 });
    expect(told.map(({ text }) => text.split(',')[0])).toEqual([
      'lock acquired after 150ms on orders/{id} [orders/42]',
      'lock acquired after 1.50s on stock',
      'lock released after 6.00s on stock',
      'lock released after 6.00s on orders/{id} [orders/42]',
    ]);
  });

  it.each(['constructor', '__proto__', 'toString'])('a lock that is called %s is as long as others', (name) => {
    const { told, script } = logged({ longWaitMs: 1000 });
    script.cycle({ waitMs: 1500, blocker, lockName: name, lockKey: name });
    expect(told).toHaveLength(1);
  });

  it('has to be a length, for each name', () => {
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const wrong = { logger, names: { a: { longWaitMs: -1 }, b: { longHoldMs: Number.NaN } } };
    expect(() => new Script(wrong)).toThrow(
      'names["a"].longWaitMs must be at least 0, got -1; names["b"].longHoldMs must be at least 0, got NaN',
    );
  });

  it('is limited for each name: one that floods keeps no other silent', () => {
    const { told, script } = logged({ longWaitMs: 1, rateLimit: { lines: 2, everyMs: 60_000 } });
    for (let n = 0; n < 50; n += 1) script.cycle({ waitMs: 5, blocker });
    script.cycle({ waitMs: 5, blocker, lockName: 'stock', lockKey: 'stock' });
    expect(told.filter(({ text }) => text.includes('orders'))).toHaveLength(2);
    expect(told.filter(({ text }) => text.includes('stock'))).toHaveLength(1);
    expect(script.listener.suppressed).toBe(48);
  });
});

describe('a lease', () => {
  it.each([
    ['loop_blocked', 'event loop was blocked for 2.60s'],
    ['store_slow', 'the storage took 350ms'],
    ['renew_failed', '2 renewals failed'],
  ] as const)('at risk is told at once, with what brought it there: %s', (cause, why) => {
    const { told, script } = logged();
    script.begin().action('lease.at_risk', { cause, remainingMs: 900, utilization: 0.91, evidence });
    expect(told).toHaveLength(1);
    expect(told[0]?.text).toBe(`lock at risk orders/{id} [orders/42]: ${why}, 900ms left`);
    expect(told[0]?.fields).toMatchObject({
      'event.name': 'lease.at_risk',
      'lock.risk_cause': cause,
      'lock.lease.remaining': 0.9,
      'lock.lease.utilization': 0.91,
      'lock.evidence.event_loop_delay': 2.6,
      'lock.evidence.clock_offset': -2.1,
    });
  });

  it('that was lost is told with the evidence: what the process and the storage did, and who has it now', () => {
    const { told, script } = logged();
    const lock = script.begin();
    lock.child('lease.lost')?.end('lost', { details: { reason: 'stolen', fencingToken: 118, evidence } });
    lock.end('lost', { details: { ...possession, lostReason: 'stolen' } });
    expect(told[0]?.text).toContain("the storage's clock is 2.10s behind this one");
    expect(told[0]?.text).toContain('now held by api-2 (token 119)');
    expect(told[0]?.fields).toMatchObject({
      'lock.lost_reason': 'stolen',
      'lock.evidence.since_confirmed': 9.1,
      'lock.evidence.gc': 0.02,
      'lock.evidence.storage_round_trip': 0.35,
      'lock.evidence.failed_renewals': 2,
      'lock.successor.owner.id': 'api-2',
      'lock.successor.fencing_token': 119,
    });
  });
});

describe('a token that was refused', () => {
  const init = { lockName: 'orders/{id}', lockKey: 'orders/42' };

  it('is an error, with what refused it', () => {
    const { told, script } = logged({ level: 'error' });
    const details = { fencingToken: 118, resource: 'table orders', currentToken: 119 };
    script.listeners.begin('fence.rejected', init)?.end('rejected', { details });
    expect(told).toMatchObject([
      {
        text: 'lock fenced orders/{id} [orders/42]: token 118 refused by table orders, it had seen token 119',
        fields: { 'lock.fencing_token': 118, 'lock.fence.resource': 'table orders', 'lock.fence.current_token': 119 },
      },
    ]);
  });

  it('is drawn, too', () => {
    const stream = new Sheet();
    const script = new Script({ stream, format: 'pretty', colors: false });
    script.listeners.begin('fence.rejected', init)?.end('rejected', { details: { fencingToken: 118 } });
    expect(stream.text).toContain('token 118 refused');
  });
});

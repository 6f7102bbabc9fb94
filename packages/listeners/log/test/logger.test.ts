import { fewValuedAttributes, manyValuedAttributes, type EventOutcomes } from '@lockscope/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { LogLevel, LogOptions } from '../src/index.ts';
import { blocker, possession, Script } from './script.ts';

const catalogue = new Set(['event.name', ...Object.keys(fewValuedAttributes), ...Object.keys(manyValuedAttributes)]);

interface Told {
  readonly level: LogLevel;
  readonly text: string;
  readonly fields: Record<string, unknown>;
}

/** A logger that keeps what it is told, and a script that tells it. */
function logged(options: LogOptions = {}): { told: Told[]; texts: () => string[]; script: Script } {
  const told: Told[] = [];
  const at =
    (level: LogLevel) =>
    (text: string, fields: Record<string, unknown>): void => {
      const strange = Object.keys(fields).filter((name) => !catalogue.has(name));
      if (strange.length > 0) throw new Error(`fields from outside the catalogue: ${strange.join(', ')}`);
      told.push({ level, text, fields });
    };
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  const script = new Script({ logger, style: 'console', ...options });
  return { told, texts: () => told.map(({ level, text }) => `${level}: ${text}`), script };
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('a wait', () => {
  it('is told while it lasts: who blocks it, doing what, and how many wait', () => {
    const { told, script } = logged();
    const acquire = script.begin().child('lock.acquire');
    acquire?.action('acquire.contended', { blocker, queueDepth: 3 });
    expect(told).toEqual([]);
    acquire?.action('acquire.waiting', { waitedMs: 1840, blocker: { ...blocker, traceparent }, queueDepth: 3 });
    expect(told).toEqual([
      {
        level: 'warn',
        text: 'lock wait 1.84s on orders/{id} [orders/42] blocked by checkout-7f9c (POST /checkout, token 118, held 2.10s), queue 3, still waiting',
        fields: {
          'event.name': 'acquire.waiting',
          'lock.name': 'orders/{id}',
          'lock.key': 'orders/42',
          'lock.mode': 'exclusive',
          'lock.system': 'memory',
          'lock.operation': 'cron:reprice',
          'lock.owner.id': 'api-1',
          'lock.acquire.duration': 1.84,
          'lock.queue.depth': 3,
          'lock.blocker.owner.id': 'checkout-7f9c',
          'lock.blocker.operation': 'POST /checkout',
          'lock.blocker.service': 'checkout',
          'lock.blocker.host': 'node-3',
          'lock.blocker.pid': 4121,
          'lock.blocker.fencing_token': 118,
          'lock.blocker.held_for': 2.1,
          'lock.blocker.trace_id': '0af7651916cd43dd8448eb211c80319c',
          'lock.blocker.span_id': 'b7ad6b7169203331',
          'lock.blocker.sampled': true,
        },
      },
    ]);
  });

  it('that was long is told again when it is over, and no third time with the release', () => {
    const { texts, script } = logged({ level: 'info' });
    script.cycle({ waitMs: 3210, blocker });
    expect(texts()).toEqual([
      'warn: lock acquired after 3.21s on orders/{id} [orders/42], token 118, was blocked by checkout-7f9c (POST /checkout, token 118, held 2.10s)',
    ]);
  });

  it('is long when the option says so', () => {
    const { texts, script } = logged({ level: 'warn', longWaitMs: 5000 });
    const acquire = script.begin().child('lock.acquire');
    acquire?.action('acquire.waiting', { waitedMs: 4000, blocker });
    script.cycle({ waitMs: 4999, blocker });
    expect(texts()).toEqual([]);
    acquire?.action('acquire.waiting', { waitedMs: 8000, blocker });
    script.cycle({ waitMs: 5000, blocker });
    expect(texts()).toHaveLength(2);
  });

  it('behind somebody of whom little is known says what there is', () => {
    const { texts, script } = logged();
    const acquire = script.begin().child('lock.acquire');
    acquire?.action('acquire.waiting', { waitedMs: 1000, blocker: { ownerId: 'x' } });
    acquire?.end('timeout', { details: { attempts: 2, waitMs: 2000, contended: true } });
    expect(texts()).toEqual([
      'warn: lock wait 1.00s on orders/{id} [orders/42] blocked by x, still waiting',
      'warn: lock timeout after 2.00s on orders/{id} [orders/42] blocked by somebody unknown, gave up',
    ]);
  });

  it.each([
    [0.4161, '0.42ms'],
    [9.994, '9.99ms'],
    [9.995, '10.0ms'],
    [87.25, '87.3ms'],
    [999.4, '999ms'],
    [999.5, '1.00s'],
    [9994, '9.99s'],
    [9996, '10.0s'],
    [59_940, '59.9s'],
    [59_960, '1m00s'],
    [125_400, '2m05s'],
    [3_599_600, '1h00m'],
    [11_520_000, '3h12m'],
    [Number.NaN, '?'],
  ])('of %d ms reads %s', (waitMs, text) => {
    const { texts, script } = logged();
    script
      .begin()
      .child('lock.acquire')
      ?.end('acquired', { details: { attempts: 1, waitMs, contended: false } });
    expect(texts()[0]).toContain(`after ${text} on`);
  });
});

describe('the level of an acquire', () => {
  const error = Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' });
  const by = 'checkout-7f9c (POST /checkout, token 118, held 2.10s)';
  it.each<[EventOutcomes['lock.acquire'], string]>([
    ['acquired', `debug: lock acquired after 500ms on orders/{id} [orders/42], was blocked by ${by}`],
    ['not_acquired', `debug: lock busy orders/{id} [orders/42], held by ${by}`],
    ['aborted', `debug: lock wait aborted after 500ms on orders/{id} [orders/42] blocked by ${by}`],
    ['timeout', `warn: lock timeout after 500ms on orders/{id} [orders/42] blocked by ${by}, gave up`],
    [
      'deadlock',
      `error: lock deadlock after 500ms on orders/{id} [orders/42] blocked by ${by}: EHOSTUNREACH: no route`,
    ],
    ['error', 'error: lock error after 500ms on orders/{id} [orders/42]: EHOSTUNREACH: no route'],
  ])('that ended %s', (outcome, line) => {
    const { texts, told, script } = logged();
    const lock = script.begin();
    lock
      .child('lock.acquire')
      ?.end(outcome, { error, details: { attempts: 4, waitMs: 500, contended: true, blocker } });
    if (outcome !== 'acquired') lock.end(outcome, { error });
    expect(texts()).toEqual([line]);
    expect(told[0]?.fields).toMatchObject({
      'lock.outcome': outcome,
      'error.type': 'EHOSTUNREACH',
      'lock.attempts': 4,
    });
  });
});

describe('a possession', () => {
  it('that went well is told at level debug', () => {
    const { texts, script } = logged();
    script.cycle();
    expect(texts()).toEqual([
      'debug: lock acquired after 1.00ms on orders/{id} [orders/42], token 118',
      'debug: lock released after 10.0ms on orders/{id} [orders/42], token 118',
    ]);
  });

  it('that was long is a warning where the option says what is long', () => {
    const { texts, script } = logged({ longHoldMs: 5000, level: 'warn' });
    script.cycle({ holdMs: 4999 });
    script.cycle({ holdMs: 5000 });
    expect(texts()).toEqual(['warn: lock released after 5.00s on orders/{id} [orders/42], token 118']);
  });

  it('is told to be in danger, and to be safe again', () => {
    const { texts, told, script } = logged();
    const lock = script.begin();
    const error = Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
    lock.action('lease.suspect', { failures: 2, remainingMs: 12_000 }, { error });
    lock.action('lease.recovered', { failures: 2 });
    expect(texts()).toEqual([
      'warn: lock suspect orders/{id} [orders/42]: 2 renewals failed, 12.0s left: ETIMEDOUT: no answer',
      'info: lock safe again orders/{id} [orders/42]: renewed after 2 renewals failed',
    ]);
    expect(told[0]?.fields['error.type']).toBe('ETIMEDOUT');
  });

  it('that was lost is one error, with what its process was doing and who has it now', () => {
    const { texts, told, script } = logged();
    const lock = script.begin();
    const evidence = {
      sinceConfirmedMs: 31_000,
      eventLoopDelayMs: 2600,
      gcMs: 240,
      failedRenewals: 1,
      storageRoundTripMs: 1500,
      renewalPending: true,
      successor: { ownerId: 'pricing-1', fencingToken: 119 },
    };
    lock.child('lease.lost')?.end('lost', { details: { reason: 'expired', fencingToken: 118, evidence } });
    const error = Object.assign(new Error('lost'), { code: 'LOCK_LOST' });
    lock.end('lost', { details: { ...possession, holdMs: 30_000, renewals: 3, lostReason: 'expired' }, error });
    expect(texts()).toEqual([
      'error: lock lost orders/{id} [orders/42] after 30.0s: expired, event loop was blocked for 2.60s, ' +
        'garbage collection took 240ms, 1 renewal failed, a renewal has had no answer for 1.50s, ' +
        'last confirmed 31.0s before, now held by pricing-1 (token 119)',
    ]);
    expect(told[0]?.fields).toMatchObject({
      'event.name': 'lock',
      'lock.lost_reason': 'expired',
      'lock.hold.duration': 30,
      'lock.renewals': 3,
      'error.type': 'LOCK_LOST',
    });
  });

  it('is explained however many were lost before', () => {
    const { texts, script } = logged({ rateLimit: false });
    const evidence = { sinceConfirmedMs: 1, eventLoopDelayMs: 0, failedRenewals: 0, renewalPending: false };
    for (let n = 0; n < 1500; n += 1) {
      const lock = script.begin();
      lock.child('lease.lost')?.end('lost', { details: { reason: 'expired', fencingToken: 118, evidence } });
      lock.end('lost', { details: { ...possession, lostReason: 'expired' } });
    }
    expect(texts().filter((text) => text.endsWith('expired, last confirmed 1.00ms before'))).toHaveLength(1500);
  });

  it('whose loss nobody explained is told with its reason', () => {
    const { texts, script } = logged();
    script.begin().end('lost', { details: { ...possession, lostReason: 'stolen' } });
    expect(texts()).toEqual(['error: lock lost orders/{id} [orders/42] after 10.0ms: stolen']);
  });

  it('that could not be given back is a warning', () => {
    const { texts, script } = logged();
    script.begin().end('release_failed', { details: possession, error: new Error('reset') });
    expect(texts()).toEqual(['warn: lock release failed after 10.0ms on orders/{id} [orders/42]: Error: reset']);
  });

  it('that was taken away by force is a warning that names the holder', () => {
    const { texts, script } = logged();
    const init = { lockName: 'orders/{id}', lockKey: 'orders/42' };
    const force = (): ReturnType<typeof script.listeners.begin<'lock.force_release'>> =>
      script.listeners.begin('lock.force_release', init);
    force()?.end('forced', { details: { reason: 'stuck', victim: blocker } });
    force()?.end('not_held', { details: { reason: 'stuck' } });
    force()?.end('error', { error: new Error('down') });
    expect(texts()).toEqual([
      'warn: lock forced orders/{id} [orders/42], taken from checkout-7f9c (POST /checkout, token 118, held 2.10s): stuck',
      'debug: lock forced orders/{id} [orders/42], but nobody held it: stuck',
      'warn: lock not forced orders/{id} [orders/42]: Error: down',
    ]);
  });

  it('of a lock without a class is named once', () => {
    const { texts, script } = logged();
    script.begin({ lockName: 'leader', lockKey: 'leader' }).end('released', { details: possession });
    expect(texts()).toEqual(['debug: lock released after 10.0ms on leader, token 118']);
  });

  it('cannot fill a log with the text of an error', () => {
    const { told, script } = logged();
    script
      .begin()
      .child('lock.acquire')
      ?.end('error', { error: new Error('x'.repeat(4000)) });
    expect(told[0]?.text.length).toBeLessThan(400);
  });

  it('cannot forge a line through its key or an error', () => {
    const { texts, script } = logged();
    script
      .begin({ lockKey: 'a\nerror: b' })
      .child('lock.acquire')
      ?.end('error', { error: new Error('c\r\n\u001b[0m') });
    expect(texts()).toEqual([
      'error: lock error after 0.00ms on orders/{id} [a\\u000aerror: b]: Error: c\\u000d\\u000a\\u001b[0m',
    ]);
  });
});

describe('levels', () => {
  it('below the one that is wanted make no line', () => {
    const { told, script } = logged({ level: 'error' });
    script.cycle({ waitMs: 2000, blocker });
    script.begin().end('release_failed');
    script.begin().end('lost');
    expect(told.map(({ level }) => level)).toEqual(['error']);
  });

  it('that the logger would not write are not put into words', () => {
    const enabled = vi.fn((level: string) => level !== 'debug');
    const calls: string[] = [];
    const say = (level: string) => () => void calls.push(level);
    const logger = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
    const script = new Script({ logger: Object.assign(logger, { isLevelEnabled: enabled }) });
    script.cycle();
    script.begin().end('release_failed');
    expect(calls).toEqual(['warn']);
  });
});

describe('a flood', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function timeouts(script: Script, count: number, lockName = 'orders/{id}'): void {
    for (let n = 0; n < count; n += 1) script.begin({ lockName }).child('lock.acquire')?.end('timeout');
  }

  it('of one kind about one name is cut, and the count is told when the window is over', () => {
    const { told, texts, script } = logged();
    timeouts(script, 57);
    expect(told).toHaveLength(20);
    expect(script.listener.suppressed).toBe(37);
    vi.advanceTimersByTime(10_000);
    expect(texts().at(-1)).toBe('warn: lock orders/{id}: 37 more lines of lock.acquire timeout left out, within 10.0s');
    expect(told.at(-1)?.fields).toEqual({
      'event.name': 'lock.acquire',
      'lock.name': 'orders/{id}',
      reason: 'rate_limit',
    });
    expect(told).toHaveLength(21);
  });

  it('hides neither another kind nor another name', () => {
    const { told, script } = logged({ rateLimit: { lines: 1, everyMs: 1000 } });
    timeouts(script, 5);
    timeouts(script, 5, 'stock/{id}');
    script.begin().end('lost');
    script.begin().child('lock.acquire')?.end('error');
    expect(told.map(({ fields }) => [fields['lock.name'], fields['lock.outcome']])).toEqual([
      ['orders/{id}', 'timeout'],
      ['stock/{id}', 'timeout'],
      ['orders/{id}', 'lost'],
      ['orders/{id}', 'error'],
    ]);
  });

  it('that goes on is told window by window', () => {
    const { texts, script } = logged({ rateLimit: { lines: 1, everyMs: 1000 } });
    timeouts(script, 3);
    script.now += 1000;
    timeouts(script, 1);
    expect(texts().map((text) => (text.includes('left out') ? 'note' : 'line'))).toEqual(['line', 'note', 'line']);
    expect(texts()[1]).toContain('2 more lines of lock.acquire timeout');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is told at once by flush', async () => {
    const { texts, script } = logged({ rateLimit: { lines: 1, everyMs: 1000 } });
    timeouts(script, 2);
    await script.listener.flush();
    expect(texts().at(-1)).toContain('1 more line of');
  });

  it('of lines that only a debugger reads is not cut, nor any when the limit is off', () => {
    const debugging = logged({ rateLimit: { lines: 1, everyMs: 1000 } });
    for (let n = 0; n < 5; n += 1) debugging.script.cycle();
    expect(debugging.told).toHaveLength(10);
    const unlimited = logged({ rateLimit: false });
    timeouts(unlimited.script, 100);
    expect(unlimited.told).toHaveLength(100);
  });

  it('about names that nobody declared shares one window beyond a thousand', () => {
    const { script, told } = logged({ rateLimit: { lines: 1, everyMs: 1000 } });
    for (let n = 0; n < 1500; n += 1) timeouts(script, 1, `job-${n}`);
    expect(told).toHaveLength(1001);
    script.now += 1000;
    timeouts(script, 1, 'job-2000');
    timeouts(script, 1, 'job-2001');
    expect(told.slice(-2).map(({ fields }) => fields['lock.name'])).toEqual(['job-2000', 'job-2001']);
  });

  it('does not keep a process alive', () => {
    vi.useRealTimers();
    const set = vi.spyOn(globalThis, 'setTimeout');
    timeouts(logged({ rateLimit: { lines: 1, everyMs: 1 } }).script, 2);
    const timers = set.mock.results.map(({ value }) => value as NodeJS.Timeout);
    set.mockRestore();
    expect(timers.map((timer) => timer.hasRef())).toEqual([false]);
  });

  it('told by a timer to a logger that throws does not end the process', () => {
    let broken = false;
    const warn = (): void => {
      if (broken) throw new Error('logger down');
    };
    const script = new Script({
      logger: { debug: warn, info: warn, warn, error: warn },
      rateLimit: { lines: 1, everyMs: 10 },
    });
    timeouts(script, 2);
    broken = true;
    expect(() => vi.advanceTimersByTime(10)).not.toThrow();
    expect(script.listener.dropped).toBe(1);
  });
});

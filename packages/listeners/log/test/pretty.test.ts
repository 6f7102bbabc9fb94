import { toEventError, type Event } from '@lockscope/core';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { log } from '../src/index.ts';
import { blocker, possession, Script, Sheet } from './script.ts';

const pretty = (sheet: Sheet): { stream: Sheet; format: 'pretty' } => ({ stream: sheet, format: 'pretty' });

/** The drawing without the local time of day in its first line. */
function drawn(sheet: Sheet): string[] {
  return sheet.lines.map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3}/, '00:00:00.000'));
}

function contended(script: Script): void {
  const lock = script.begin();
  const acquire = lock.child('lock.acquire');
  const first = acquire?.child('storage.acquire');
  script.now += 1.2;
  first?.end('ok', { details: { refused: true } });
  acquire?.action('acquire.attempt', { attempt: 1, result: 'busy' }, { from: 0 });
  acquire?.action('acquire.contended', { blocker, queueDepth: 3 });
  script.now += 340;
  const second = acquire?.child('storage.acquire');
  acquire?.action('acquire.handed_over', { via: 'notified', handoffMs: 0.8 });
  script.now += 1;
  second?.end('ok', { details: { refused: false } });
  acquire?.end('acquired', { details: { attempts: 2, waitMs: 342.2, contended: true, fencingToken: 119, blocker } });
  for (let n = 0; n < 12; n += 1) {
    script.now += 1000;
    const renew = lock.child('lease.renew');
    const call = renew?.child('storage.renew');
    script.now += n === 5 ? 40 : 2;
    call?.end('ok');
    renew?.end('renewed', { details: { utilization: 0.3, roundTripMs: 2, failures: 0 } });
  }
  const release = lock.child('lock.release');
  script.now += 1;
  release?.end('released', { details: { holdMs: 12_062, fencingToken: 119 } });
  lock.end('released', {
    details: { ...possession, contended: true, waitMs: 342.2, holdMs: 12_063, fencingToken: 119 },
  });
}

describe('a drawn tree', () => {
  it('shows when, for how long, what and how it ended', () => {
    const sheet = new Sheet();
    contended(new Script(pretty(sheet)));
    expect(drawn(sheet)).toEqual([
      '00:00:00.000   12.4s  lock orders/{id} [orders/42]  released  waited 342ms, held 12.1s, token 119, cron:reprice by api-1',
      '     +0.00ms   342ms  ├─ lock.acquire  acquired  token 119, 2 attempts',
      '     +0.00ms  1.20ms  │  ├─ storage.acquire  ok  refused',
      '     +1.20ms          │  ├─ acquire.contended  blocked by checkout-7f9c (POST /checkout, token 118, held 2.10s), queue 3',
      '      +341ms          │  ├─ acquire.handed_over  notified, it was free for 0.80ms',
      '      +341ms  1.00ms  │  └─ storage.acquire  ok',
      '      +1.34s          ├─ lease.renew  renewed  ×12, the slowest took 40.0ms',
      '      +12.4s  1.00ms  └─ lock.release  released',
    ]);
  });

  it('can be drawn without box characters', () => {
    const sheet = new Sheet();
    contended(new Script({ ...pretty(sheet), ascii: true }));
    expect(sheet.text).toMatch(/^[\x20-\x7e\n]+$/);
    expect(drawn(sheet).slice(1, 4)).toEqual([
      '     +0.00ms   342ms  |- lock.acquire  acquired  token 119, 2 attempts',
      '     +0.00ms  1.20ms  |  |- storage.acquire  ok  refused',
      '     +1.20ms          |  |- acquire.contended  blocked by checkout-7f9c (POST /checkout, token 118, held 2.10s), queue 3',
    ]);
  });

  it('is written in one piece when its root has ended, so locks held at once do not mix', () => {
    const sheet = new Sheet();
    const chunks: string[] = [];
    const script = new Script({ format: 'pretty', stream: { write: (chunk) => chunks.push(chunk) } });
    const locks = ['a', 'b', 'c'].map((lockKey) => script.begin({ lockKey, lockName: lockKey }));
    const acquires = locks.map((lock) => lock.child('lock.acquire'));
    for (const acquire of acquires.toReversed()) acquire?.end('acquired');
    expect(chunks).toEqual([]);
    for (const lock of locks) lock.end('released');
    expect(chunks.map((chunk) => /lock (\w) /.exec(chunk)?.[1])).toEqual(['a', 'b', 'c']);
    for (const chunk of chunks) expect(chunk.split('\n')).toHaveLength(3);
    expect(sheet.lines).toEqual([]);
  });

  it('shows a loss with what speaks for its reason', () => {
    const sheet = new Sheet();
    const script = new Script(pretty(sheet));
    const lock = script.begin();
    script.now = 30_000;
    lock.action('lease.suspect', { failures: 2, remainingMs: 900 }, { error: new Error('no answer') });
    const evidence = { sinceConfirmedMs: 31_000, eventLoopDelayMs: 2600, failedRenewals: 2, renewalPending: false };
    const error = Object.assign(new Error('lost it'), { code: 'LOCK_LOST' });
    lock.child('lease.lost')?.end('lost', { details: { reason: 'stalled', fencingToken: 118, evidence }, error });
    lock.end('lost', { details: { ...possession, holdMs: 30_000, lostReason: 'stalled' }, error });
    expect(drawn(sheet)).toEqual([
      '00:00:00.000   30.0s  lock orders/{id} [orders/42]  lost  held 30.0s, token 118, cron:reprice by api-1',
      '      +30.0s          ├─ lease.suspect  2 failed in a row, 900ms left  Error: no answer',
      '      +30.0s  0.00ms  └─ lease.lost  lost  stalled, event loop was blocked for 2.60s, 2 renewals failed, last confirmed 31.0s before',
    ]);
  });

  it('names an error once, where it arose', () => {
    const sheet = new Sheet();
    const script = new Script(pretty(sheet));
    const error = Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' });
    const lock = script.begin();
    const acquire = lock.child('lock.acquire');
    acquire?.child('storage.acquire')?.end('error', { error });
    acquire?.end('error', { error });
    lock.end('error', { error });
    expect(sheet.text.match(/ECONNREFUSED: connect refused/g)).toHaveLength(1);
    expect(drawn(sheet)[2]).toBe('     +0.00ms  0.00ms     └─ storage.acquire  error  ECONNREFUSED: connect refused');
  });

  it('shows that a call was sent before its tree was begun', () => {
    const sheet = new Sheet();
    const script = new Script(pretty(sheet));
    script.now = 10;
    const lock = script.begin();
    lock.child('storage.acquire', { at: 9.5 })?.end('ok');
    lock.end('released');
    expect(drawn(sheet)[1]).toBe('     -0.50ms  0.50ms  └─ storage.acquire  ok');
  });

  it('leaves out trees that matter less than the level', () => {
    const sheet = new Sheet();
    const script = new Script({ ...pretty(sheet), level: 'warn' });
    script.cycle();
    expect(sheet.lines).toEqual([]);
    script.cycle({ waitMs: 1000, blocker });
    expect(sheet.lines.length).toBeGreaterThan(1);
  });

  it('lets nobody drive the terminal or forge a line', () => {
    const sheet = new Sheet();
    const script = new Script(pretty(sheet));
    const evil = 'x\u001b[2J\r\n00:00:00.000 lock released\u202e\u009b1m';
    script.cycle({ lockKey: evil, ownerId: evil, operation: evil, blocker: { ownerId: evil, operation: evil } });
    script.begin({ lockName: evil }).end('error', { error: new Error(evil) });
    expect(sheet.lines).toHaveLength(4);
    for (const char of ['\u001b', '\r', '\u202e', '\u009b']) expect(sheet.text).not.toContain(char);
    expect(sheet.text).toContain('x\\u001b[2J\\u000d\\u000a');
  });
});

describe('colours', () => {
  const tty = (): Sheet & { isTTY: boolean } => Object.assign(new Sheet(), { isTTY: true });
  const escape = '\u001b[';
  afterEach(() => vi.unstubAllEnvs());

  it.each([
    ['a terminal', tty, {}, undefined, true],
    ['a file', () => new Sheet(), {}, undefined, false],
    ['a file, asked for', () => new Sheet(), {}, true, true],
    ['a terminal, asked not to', tty, {}, false, false],
    ['a terminal with NO_COLOR', tty, { NO_COLOR: '1' }, undefined, false],
    ['a terminal with an empty NO_COLOR', tty, { NO_COLOR: '' }, undefined, true],
    ['a terminal with NO_COLOR, asked for', tty, { NO_COLOR: '1' }, true, true],
    ['a terminal that can do nothing', tty, { TERM: 'dumb' }, undefined, false],
  ] as const)('on %s', (_, stream, env, colors, expected) => {
    vi.stubEnv('NO_COLOR', '');
    vi.stubEnv('TERM', 'xterm');
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const sheet = stream();
    new Script({ ...pretty(sheet), ...(colors !== undefined && { colors }) }).cycle();
    expect(sheet.text.includes(escape)).toBe(expected);
  });
});

describe('memory', () => {
  it('does not grow with the renewals of a lock that is held for weeks', () => {
    const sheet = new Sheet();
    const script = new Script(pretty(sheet));
    const lock = script.begin();
    for (let n = 0; n < 50_000; n += 1) {
      const renew = lock.child('lease.renew');
      renew?.child('storage.renew')?.end('ok');
      renew?.end('renewed');
    }
    lock.end('released');
    expect(drawn(sheet)).toHaveLength(2);
    expect(sheet.text).toContain('×50000');
  });

  it('keeps 200 events of a tree and counts the rest', () => {
    const sheet = new Sheet();
    const script = new Script(pretty(sheet));
    const lock = script.begin();
    for (let n = 0; n < 500; n += 1) lock.child('lease.renew')?.end('failed');
    lock.end('released');
    expect(sheet.lines).toHaveLength(202);
    expect(sheet.lines.at(-1)).toContain('300 more events are not drawn');
  });

  it('lets go of trees that have ended', () => {
    const sheet = new Sheet();
    const script = new Script(pretty(sheet));
    for (let n = 0; n < 1500; n += 1) script.cycle();
    expect(script.listener.dropped).toBe(0);
  });

  it('keeps a thousand trees that have not ended, and counts what it gives up', () => {
    const sheet = new Sheet();
    const script = new Script(pretty(sheet));
    const locks = Array.from({ length: 1005 }, (_, n) => script.begin({ lockKey: `orders/${n}` }));
    for (const lock of locks) lock.child('lock.acquire')?.end('acquired');
    expect(script.listener.dropped).toBe(5);
    locks[0]?.end('released');
    expect(sheet.lines).toHaveLength(1);
    locks[1004]?.end('released');
    expect(sheet.lines).toHaveLength(3);
  });
});

describe('events that were read from elsewhere', () => {
  const base = { lockName: 'a', lockKey: 'a', mode: 'exclusive', startedAt: 0, endedAt: 5, durationMs: 5 } as const;

  it('are drawn with steps of other names, and below the root when their parent is unknown', () => {
    const sheet = new Sheet();
    const listener = log(pretty(sheet));
    const action = {
      name: 'Storage.Get',
      startedAt: 1,
      endedAt: 3,
      payload: { version: 7 },
      error: toEventError('no'),
    };
    const child = { ...base, id: '2', rootId: '1', parentId: '9', type: 'storage.read', actions: [action] };
    const root = { ...base, id: '1', rootId: '1', type: 'unknown', actions: [] };
    for (const event of [child, root]) void listener.on?.(event as unknown as Event);
    expect(sheet.lines.slice(1)).toEqual([
      '     +0.00ms  5.00ms  └─ storage.read  running',
      '     +1.00ms  2.00ms     └─ Storage.Get  {"version":7}  NonError: no',
    ]);
  });
});

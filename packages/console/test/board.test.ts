import { describe, expect, it } from 'vitest';

import { epoch, Script } from './script.ts';

describe('who holds what', () => {
  it('names the holder, what it does, since when, until when, and its token', () => {
    const script = new Script().at(1000);
    script.process('shop').gets('orders/42', 7, { leaseMs: 5000, name: 'orders/{id}', operation: 'POST /orders' });
    expect(script.lock('orders/42')).toMatchObject({
      key: 'orders/42',
      name: 'orders/{id}',
      holder: {
        process: 'shop',
        operation: 'POST /orders',
        token: 7,
        since: epoch + 1000,
        leaseEnd: epoch + 6000,
      },
      believers: [],
      waiters: [],
      waiting: 0,
    });
    expect(script.view().totals).toMatchObject({ held: 1, waiting: 0, acquires: 1, contended: 0 });
  });

  it('shows a lock as free as soon as it was given back, and keeps the possession on the timeline', () => {
    const script = new Script().at(1000);
    const hold = script.process('shop').gets('orders/42', 7);
    script.at(1300);
    hold.releases();
    expect(script.lock('orders/42').holder).toBeUndefined();
    expect(script.view().spans).toMatchObject([
      { kind: 'hold', process: 'shop', from: epoch + 1000, to: epoch + 1300, end: 'released', token: 7 },
    ]);
  });

  it('moves the end of the lease with every renewal', () => {
    const script = new Script();
    const hold = script.process('shop').gets('orders/42', 7, { leaseMs: 5000 });
    script.at(3000);
    hold.renews();
    expect(script.lock('orders/42').holder?.leaseEnd).toBe(epoch + 8000);
  });

  it('tells when renewals fail and when they work again', () => {
    const script = new Script();
    const hold = script.process('shop').gets('orders/42', 7);
    hold.renewalFails(4000);
    expect(script.lock('orders/42').holder?.suspect).toBe(true);
    hold.recovers();
    expect(script.lock('orders/42').holder?.suspect).toBeUndefined();
    expect(script.view().notes.map(({ text }) => text)).toEqual([
      'a renewal failed, 4.0 s of the lease left',
      'the lease was renewed after all',
    ]);
  });

  it('believes the greatest token, in whatever order two processes are heard', () => {
    const script = new Script();
    const first = script.process('a');
    const second = script.process('b');
    script.live = false;
    first.gets('x', 1).releases();
    second.asks('x').granted(2);
    const [bySecond, byFirst] = [
      script.told.filter(({ process }) => process === 'b'),
      script.told.filter(({ process }) => process === 'a'),
    ];
    for (const told of bySecond) script.deliver(told);
    for (const told of byFirst) {
      script.deliver(told);
      expect(script.lock('x').holder).toMatchObject({ process: 'b', token: 2 });
    }
    expect(script.view().totals.acquires).toBe(2);
  });

  it('tells who still believes to have a lock that somebody else has, once it is more than late news', () => {
    const script = new Script();
    script.process('a').gets('x', 1, { leaseMs: 1000 });
    script.at(1100).process('b').gets('x', 2);
    expect(script.lock('x').believers).toEqual([]);
    script.at(1700);
    expect(script.lock('x')).toMatchObject({ holder: { process: 'b' }, believers: [{ process: 'a', token: 1 }] });
  });

  it('counts a re-entry of the same owner as no second holder', () => {
    const script = new Script();
    const process = script.process('a');
    const hold = process.gets('x', 1);
    const guest = process.asks('x').joined();
    script.at(2000);
    expect(script.lock('x')).toMatchObject({ holder: { token: 1 }, believers: [] });
    guest.end('released');
    hold.releases();
    expect(script.lock('x').holder).toBeUndefined();
  });

  it('keeps a lock held whose release failed on the timeline as failed', () => {
    const script = new Script();
    script.process('a').gets('x', 1).cannotRelease(new Error('disk gone'));
    expect(script.view().spans).toMatchObject([{ end: 'failed' }]);
    expect(script.view().notes.at(-1)?.text).toContain('disk gone');
  });
});

describe('who waits for whom', () => {
  it('shows a wait while it lasts, with the process that is in the way', () => {
    const script = new Script();
    const hold = script.process('cron').gets('catalogue', 3, { operation: 'reprice' });
    script.at(500);
    const acquire = script.process('report').asks('catalogue', { operation: 'GET /report' });
    script.at(520);
    acquire.blockedBy(hold.blocker);
    expect(script.lock('catalogue')).toMatchObject({
      holder: { process: 'cron' },
      waiting: 1,
      waiters: [
        {
          process: 'report',
          operation: 'GET /report',
          since: epoch + 500,
          blocker: { process: 'cron', operation: 'reprice', token: 3, label: 'cron' },
        },
      ],
    });
    expect(script.view().totals.longestWait).toMatchObject({ process: 'report', key: 'catalogue' });
  });

  it('ends the wait with the grant, counts it, and remembers the longest', () => {
    const script = new Script();
    const hold = script.process('cron').gets('catalogue', 3);
    const acquire = script.process('report').asks('catalogue').blockedBy(hold.blocker);
    script.at(2000);
    hold.releases();
    acquire.granted(4);
    expect(script.lock('catalogue')).toMatchObject({ waiting: 0, holder: { process: 'report', token: 4 } });
    const { totals, spans, notes } = script.view();
    expect(totals).toMatchObject({ acquires: 2, contended: 1, waiting: 0 });
    expect(totals.longestWaitEver).toMatchObject({ process: 'report', ms: 2000, blocker: { process: 'cron' } });
    expect(spans.find(({ kind }) => kind === 'wait')).toMatchObject({ outcome: 'acquired', to: epoch + 2000 });
    expect(notes.at(-1)).toMatchObject({ kind: 'waited', text: 'waited 2.0 s for cron', notable: true });
  });

  it('follows a change of who is in the way', () => {
    const script = new Script();
    const first = script.process('a').gets('x', 1);
    const acquire = script.process('c').asks('x').blockedBy(first.blocker);
    script.at(100);
    first.releases();
    const second = script.process('b').gets('x', 2);
    acquire.blockedBy(second.blocker);
    expect(script.lock('x').waiters[0]?.blocker).toMatchObject({ process: 'b', token: 2 });
    expect(script.view().spans.find(({ kind }) => kind === 'wait')).toMatchObject({
      blockers: [
        { process: 'a', at: epoch },
        { process: 'b', at: epoch + 100 },
      ],
    });
  });

  it('blames the holder for a wait, not the moment in which the lock was kept for the next in line', () => {
    const script = new Script();
    const hold = script.process('cron').gets('x', 1);
    const waiter = script.process('b').asks('x').blockedBy(hold.blocker);
    script.at(900);
    hold.releases();
    waiter.blockedBy({ ownerId: '_next', operation: '_handoff' }).granted(2);
    expect(script.view().notes.at(-1)?.text).toBe('waited 900 ms for cron');
    expect(script.view().totals.longestWaitEver?.blocker?.process).toBe('cron');
  });

  it('puts a name to who is in the way when that process is heard later', () => {
    const script = new Script();
    const waiter = script.process('b').asks('x');
    waiter.blockedBy({ ownerId: 'host:1:a', fencingToken: 5, operation: 'job' });
    expect(script.lock('x').waiters[0]?.blocker).toEqual({ label: 'job', operation: 'job', token: 5 });
    const { revision } = script.board;
    script.process('a').gets('x', 5);
    expect(script.lock('x').waiters[0]?.blocker?.process).toBe('a');
    const changed = script.view(revision).spans.find(({ kind }) => kind === 'wait');
    expect(changed, 'the bar is drawn again').toMatchObject({ blockers: [{ process: 'a' }] });
  });

  it('knows who is in the way by its process id when it never told of its locks', () => {
    const script = new Script();
    script.board.processStarted('silent', { pid: 77 }, epoch);
    script.process('b').asks('x').blockedBy({ ownerId: 'owner', pid: 77 });
    expect(script.lock('x').waiters[0]?.blocker?.process).toBe('silent');
  });

  it('says that a free lock is kept for the next in line', () => {
    const script = new Script();
    script.process('b').asks('x').blockedBy({ ownerId: '_next', operation: '_handoff' });
    expect(script.lock('x').waiters[0]?.blocker).toEqual({ label: 'the next in line' });
  });

  it('tells who gave up, after how long, because of whom', () => {
    const script = new Script();
    const hold = script.process('cron').gets('x', 1);
    const acquire = script.process('report').asks('x').blockedBy(hold.blocker);
    script.at(3000);
    acquire.ends('timeout');
    expect(script.view().notes.at(-1)).toMatchObject({
      kind: 'gave-up',
      process: 'report',
      text: 'gave up after waiting 3.0 s for cron (timeout)',
    });
    expect(script.view().totals).toMatchObject({ gaveUp: 1, waiting: 0 });
  });

  it('does not take a try that found the lock busy for a wait or a failure', () => {
    const script = new Script();
    script.process('b').asks('x').ends('not_acquired');
    expect(script.view().totals).toMatchObject({ gaveUp: 0, contended: 0, waiting: 0, acquires: 0 });
  });

  it('tells of a storage that failed', () => {
    const script = new Script();
    script.process('b').asks('x').ends('error', new Error('connection refused'));
    expect(script.view().notes.at(-1)?.text).toContain('connection refused');
  });

  it('lists those who wait longest first, at most eight, and counts all', () => {
    const script = new Script();
    const hold = script.process('holder').gets('x', 1);
    for (let n = 0; n < 10; n += 1)
      script
        .at(100 - n)
        .process(`w${n}`)
        .asks('x')
        .blockedBy(hold.blocker);
    const { waiters, waiting } = script.at(200).lock('x');
    expect(waiting).toBe(10);
    expect(waiters.map(({ process }) => process)).toEqual(['w9', 'w8', 'w7', 'w6', 'w5', 'w4', 'w3', 'w2']);
  });
});

describe('losses and dead processes', () => {
  it('tells of a loss with its reason and evidence, and from when on the lock was held in good faith only', () => {
    const script = new Script();
    const hold = script.process('stalling').gets('x', 12, { leaseMs: 1200, operation: 'recount' });
    script.at(2400);
    hold.loses('stalled', { sinceConfirmedMs: 2400, eventLoopDelayMs: 2000, storageRoundTripMs: 0.2 });
    const { losses, spans, totals } = script.view();
    expect(losses).toMatchObject([
      {
        key: 'x',
        process: 'stalling',
        operation: 'recount',
        token: 12,
        reason: 'stalled',
        meaning: 'its process was too busy to renew the lease in time',
        at: epoch + 2400,
        evidence: [
          'event loop late by 2.0 s',
          'lease last confirmed 2.4 s before',
          'last round trip to the storage took under 1 ms',
        ],
      },
    ]);
    expect(spans).toMatchObject([{ end: 'lost', from: epoch, overFrom: epoch + 1200, to: epoch + 2400 }]);
    expect(totals.losses).toBe(1);
    expect(script.lock('x').holder).toBeUndefined();
  });

  it('says in the evidence who has it now, what failed and what has no answer', () => {
    const script = new Script();
    const successor = { ownerId: 'host:1', operation: 'recount', fencingToken: 13 };
    const evidence = { failedRenewals: 2, renewalPending: true, storageRoundTripMs: 900, gcMs: 40, successor };
    script.process('a').gets('x', 12).loses('unreachable', evidence);
    expect(script.view().losses[0]?.evidence).toEqual([
      'lease last confirmed under 1 ms before',
      'garbage collection took 40 ms',
      '2 renewals failed',
      'a renewal had no answer for 900 ms',
      'now held by recount (token 13)',
    ]);
  });

  it('marks when somebody takes over from a holder that does not know yet', () => {
    const script = new Script();
    const stalled = script.process('a').gets('x', 1, { leaseMs: 1000 });
    const waiter = script.process('b').asks('x').blockedBy(stalled.blocker);
    script.at(1010);
    const { revision } = script.board;
    waiter.takesOver('a:1', 1, 10).granted(2);
    expect(script.view().totals.takeOvers).toBe(1);
    const overdue = script.view(revision).spans.find(({ process }) => process === 'a');
    expect(overdue).toMatchObject({ overFrom: epoch + 1000 });
    expect(overdue?.to, 'it still believes to have it').toBeUndefined();
    expect(script.view().notes.map(({ text }) => text)).toContain(
      'took it over: the lease of a had run out 10 ms before',
    );
  });

  it('shows what a dead process held as held until its lease ends, then as free', () => {
    const script = new Script();
    script.process('victim').gets('x', 1, { leaseMs: 2000 });
    script.at(500);
    script.board.processGone('victim', 'killed', epoch + 500);
    expect(script.lock('x').holder).toMatchObject({ process: 'victim', gone: 'killed', leaseEnd: epoch + 2000 });
    expect(script.view().spans).toMatchObject([{ goneAt: epoch + 500 }]);
    script.at(2001);
    expect(script.lock('x').holder).toBeUndefined();
    expect(script.view().spans).toMatchObject([{ end: 'expired', to: epoch + 2000, goneAt: epoch + 500 }]);
    expect(script.view().processes).toMatchObject([{ name: 'victim', gone: 'killed', goneAt: epoch + 500 }]);
  });

  it('ends the waits of a dead process at once', () => {
    const script = new Script();
    const hold = script.process('a').gets('x', 1);
    script.process('victim').asks('x').blockedBy(hold.blocker);
    script.board.processGone('victim', 'killed', epoch + 300);
    expect(script.lock('x').waiting).toBe(0);
  });

  it('takes late messages of a dead process for what they are', () => {
    const script = new Script();
    const process = script.process('victim');
    script.live = false;
    process.gets('x', 1, { leaseMs: 2000 });
    process.asks('y').blockedBy({ ownerId: 'other' });
    script.at(100).board.processGone('victim', 'killed', epoch + 100);
    for (const told of script.told) script.deliver(told);
    expect(script.lock('x').holder).toMatchObject({ gone: 'killed' });
    expect(script.view().totals.waiting).toBe(0);
  });

  it('charges a take-over from a dead process to its lease, not to a loss', () => {
    const script = new Script();
    const hold = script.process('victim').gets('x', 1, { leaseMs: 1000 });
    const waiter = script.process('b').asks('x').blockedBy(hold.blocker);
    script.at(100).board.processGone('victim', 'killed', epoch + 100);
    script.at(1010);
    waiter.takesOver('victim:1', 1, 10).granted(2);
    expect(script.view().totals).toMatchObject({ takeOvers: 1, losses: 0 });
    expect(script.view().spans.find(({ process }) => process === 'victim')).toMatchObject({
      end: 'expired',
      to: epoch + 1000,
    });
  });
});

describe('what is told besides', () => {
  it('says when a possession took longer than was declared', () => {
    const script = new Script();
    const process = script.process('cron');
    const declared = {
      leaseMs: 3000,
      renewEveryMs: 1000,
      reentrancy: 'owner',
      scope: 'class',
      expectedHoldMs: 500,
    } as const;
    process.single('lock.create', 'catalogue', 'ok', declared);
    const hold = process.gets('catalogue', 1);
    expect(script.lock('catalogue').expectedHoldMs).toBe(500);
    script.at(800);
    hold.releases();
    expect(script.view().notes).toMatchObject([
      { kind: 'held', text: 'held it for 800 ms, token 1, longer than the 500 ms expected', notable: true },
    ]);
  });

  it('calls what goes on all the time not notable', () => {
    const script = new Script();
    script.process('a').gets('x', 1).releases();
    expect(script.view().notes.map(({ notable }) => notable)).toEqual([false]);
  });

  it('tells of a lock that was taken away by force', () => {
    const script = new Script();
    script.process('admin').single('lock.force_release', 'x', 'forced', { reason: 'stuck since noon' });
    expect(script.view().notes).toMatchObject([{ process: 'admin', key: 'x' }]);
    expect(script.view().notes[0]?.text).toContain('stuck since noon');
  });

  it('counts grants by the second, over the last ten', () => {
    const script = new Script();
    const process = script.process('a');
    for (let n = 0; n < 40; n += 1)
      script
        .at(n * 250)
        .process(process.name)
        .gets('x', n + 1)
        .releases();
    expect(script.at(10_000).view().totals.acquiresPerSecond).toBe(4);
    expect(script.at(25_000).view().totals.acquiresPerSecond).toBe(0);
  });

  it('reads the logs of the Go family, where acquire and release are trees of their own', () => {
    const script = new Script();
    const root = script.process('go').asks('x');
    root.granted(1);
    script.at(100);
    script
      .process('go')
      .single('lock.create', 'x', 'ok', { leaseMs: 1, renewEveryMs: 1, reentrancy: 'owner', scope: 'key' });
    const release = script.process('go').asks('x').root.child('lock.release');
    release?.end('released', { details: { holdMs: 100, fencingToken: 1 } });
    expect(script.lock('x').holder).toBeUndefined();
  });
});

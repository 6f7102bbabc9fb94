import { describe, expect, it } from 'vitest';

import { duration } from '../src/page/duration.ts';
import { Picture } from '../src/page/picture.ts';
import type { View } from '../src/page/view.ts';
import { laneWords, leaseWords, spanWords } from '../src/page/words.ts';
import { epoch, Script } from './script.ts';

function asView(view: ReturnType<Script['view']>): View {
  return JSON.parse(JSON.stringify({ ...view, title: 'test', links: [] })) as View;
}

describe('the picture that a page puts together', () => {
  it('is the same from pieces as from the whole', () => {
    const script = new Script();
    const picture = new Picture();
    let heard = 0;
    const hear = (): void => {
      const view = asView(script.view(heard));
      heard = view.revision;
      picture.hear(view);
    };
    hear();
    const [cron, report] = [script.process('cron'), script.process('report')];
    for (let round = 0; round < 40; round += 1) {
      const token = round * 3 + 1;
      const hold = cron.gets('catalogue', token, { leaseMs: 2000 });
      hear();
      script.at(script.now + 400);
      const waiter = report.asks('catalogue').blockedBy(hold.blocker);
      if (round % 2 === 0) hear();
      script.at(script.now + 900);
      if (round % 5 === 0) hold.loses('stolen');
      else hold.releases();
      hear();
      const own = waiter.granted(token + 1);
      script.at(script.now + 700);
      own.releases();
    }
    hear();

    const fresh = new Picture();
    fresh.hear(asView(script.view()));
    const byId = (of: Picture): unknown => [...of.spansOf('catalogue').values()].toSorted((a, b) => a.id - b.id);
    expect(byId(picture)).toEqual(byId(fresh));
    expect(picture.losses).toEqual(fresh.losses);
    expect(picture.notes).toEqual(fresh.notes);
    expect(picture.view?.locks).toEqual(fresh.view?.locks);
  });

  it('begins anew when the console does', () => {
    const script = new Script();
    script.process('a').gets('x', 1).releases();
    const picture = new Picture();
    picture.hear(asView(script.view()));
    picture.hear(asView(new Script().view()));
    expect(picture.spansOf('x').size).toBe(0);
    expect(picture.notes).toEqual([]);
  });

  it('forgets what has left the timeline', () => {
    const script = new Script();
    script.process('a').gets('x', 1).releases();
    const picture = new Picture();
    picture.hear(asView(script.view()));
    const { revision } = script.board;
    picture.hear(asView(script.at(70_000).view(revision)));
    expect(picture.spansOf('x').size).toBe(0);
  });
});

describe('the words for it', () => {
  it.each([
    [0, 'under 1 ms'],
    [80, '80 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [59_940, '59.9 s'],
    [59_960, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [3_599_400, '59 min 59 s'],
    [7_260_000, '2 h 01 min'],
    [-5, 'under 1 ms'],
  ])('say %d ms as people do', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it('tell a possession, a wait and what became of them', () => {
    const bar = { id: 1, key: 'x', process: 'a', operation: 'job', from: epoch };
    const to = epoch + 1500;
    expect(spanWords({ ...bar, kind: 'hold', token: 7 }, to)).toBe('a (job) has held it for 1.5 s, token 7');
    expect(spanWords({ ...bar, kind: 'hold', to, end: 'released' }, to)).toBe('a (job) held it for 1.5 s');
    expect(spanWords({ ...bar, kind: 'hold', to, end: 'lost', overFrom: epoch + 500 }, to)).toBe(
      'a (job) held it for 1.5 s, then lost it; its lease was over for 1.0 s of that',
    );
    const blockers = ['b', 'b', 'c'].map((label, at) => ({ label, at: epoch + at }));
    expect(spanWords({ ...bar, kind: 'wait', blockers }, to)).toBe('a (job) has been waiting for 1.5 s, for b, c');
    expect(spanWords({ ...bar, kind: 'wait', blockers, to, outcome: 'timeout' }, to)).toBe(
      'a (job) waited 1.5 s, for b, c, and did not get it: timeout',
    );
  });

  it('tell a lane to who cannot see it', () => {
    const script = new Script();
    const hold = script.process('a').gets('x', 1);
    const waiter = script.process('b').asks('x').blockedBy(hold.blocker);
    script.at(1200);
    hold.loses('forced');
    waiter.granted(2);
    expect(laneWords('x', script.view().spans, epoch + 1200)).toBe(
      'The last minute of x: held 2 times, 1 waits, the longest 1.2 s, 1 lost',
    );
  });

  it('raise the alarm for a lease that is over, a holder that is gone and renewals that fail, and for nothing else', () => {
    const script = new Script();
    const hold = script.process('a').gets('x', 1, { leaseMs: 2000 });
    const words = (ms: number): ReturnType<typeof leaseWords> => leaseWords(script.lock('x'), epoch + ms);
    expect(words(100)).toEqual({ text: '', alarm: false });
    expect(words(2300)).toEqual({ text: 'lease over for 300 ms', alarm: true });
    hold.renewalFails(900);
    expect(words(1100)).toEqual({ text: 'renewals fail, lease ends in 900 ms', alarm: true });
    script.board.processGone('a', 'killed', epoch);
    expect(words(500)).toEqual({ text: 'holder gone, lease ends in 1.5 s', alarm: true });
    const slow = { ...script.lock('x'), expectedHoldMs: 100, holder: { process: 'a', since: epoch } };
    expect(leaseWords(slow, epoch + 200)).toEqual({ text: '100 ms expected', alarm: false });
  });
});

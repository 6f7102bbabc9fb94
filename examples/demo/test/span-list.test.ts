import { expect, it } from 'vitest';

import type { FinishedSpan } from '../src/messages.ts';
import { SpanList } from '../src/span-list.ts';

const trace = 'a'.repeat(32);

function span(name: string, spanId: string, more: Partial<FinishedSpan> = {}): FinishedSpan {
  return { name, traceId: trace, spanId, startedAt: 0, durationMs: 1200, attributes: {}, links: [], ...more };
}

it('keeps the last hundred, newest first', () => {
  const list = new SpanList(() => undefined);
  for (let n = 0; n < 130; n += 1) list.add('a', [span(`lock ${n}`, String(n))]);
  expect(list.all).toHaveLength(100);
  expect(list.all[0]?.name).toBe('lock 129');
});

it('says which span of which process a wait was blocked by', () => {
  const list = new SpanList((pid) => (pid === 77 ? 'cron-1' : undefined));
  const link = {
    traceId: trace,
    spanId: 'cafe',
    attributes: { 'lock.link.type': 'blocked_by', 'lock.blocker.operation': 'reprice' },
  };
  list.add('cron-2', [span('lock catalogue', 'cafe')]);
  const attributes = { 'lock.key': 'catalogue', 'lock.outcome': 'acquired' };
  list.add('report-1', [span('wait catalogue', 'beef', { links: [link], attributes })]);
  expect(list.text()).toContain(
    'wait catalogue  catalogue  1200 ms  in report-1  acquired\n  blocked by span cafe of process cron-2 (lock catalogue, reprice)',
  );

  const unfinished = {
    ...link,
    spanId: 'f00d',
    attributes: { 'lock.link.type': 'blocked_by', 'lock.blocker.pid': 77 },
  };
  list.add('report-1', [span('wait catalogue', 'beef', { links: [unfinished] })]);
  expect(list.text()).toContain('blocked by span f00d of process cron-1 in trace');
});

it('tells who handed a lock over from who stood in the way', () => {
  const list = new SpanList(() => undefined);
  const link = { traceId: trace, spanId: 'cafe', attributes: { 'lock.link.type': 'handed_off_from' } };
  list.add('report-1', [span('lock catalogue', 'beef', { links: [link] })]);
  expect(list.text()).toContain('  handed off from span cafe');
  expect(list.text()).not.toContain('blocked by');
});

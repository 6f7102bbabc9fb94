import { describe, expect, it } from 'vitest';

import { ListenerSet } from '../src/index.ts';
import { HandClock } from './hand-clock.ts';

const init = { lockName: 'a', lockKey: 'a' };

describe('the id of an event', () => {
  const clock = new HandClock();
  const set = new ListenerSet({ listeners: [() => {}], clock });
  const next = (): string => set.begin('lock.inspect', init)?.event.id ?? '';

  it('is never given twice: 100,000 of one moment differ', () => {
    const ids = new Set<string>();
    for (let n = 0; n < 100_000; n += 1) ids.add(next());
    expect(ids.size).toBe(100_000);
  });

  it('is a uuid v7', () => {
    for (let n = 0; n < 1000; n += 1)
      expect(next()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('sorts by the time of the start', () => {
    const ids: string[] = [];
    for (let n = 0; n < 1000; n += 1) {
      clock.advance(1);
      ids.push(next());
    }
    expect(ids.toSorted()).toEqual(ids);
  });

  it('says when the event started, even when it is asked for later', () => {
    const open = set.begin('lock.inspect', init);
    const startedAt = open?.event.startedAt;
    clock.advance(60_000);
    const digits = open?.event.id.replaceAll('-', '').slice(0, 12) ?? '';
    expect(Number.parseInt(digits, 16)).toBe(startedAt);
  });

  it('stays the same', () => {
    const open = set.begin('lock.inspect', init);
    const { id } = open?.event ?? {};
    open?.end('ok');
    expect(open?.event.id).toBe(id);
  });
});

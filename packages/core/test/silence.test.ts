import { describe, expect, it } from 'vitest';

import { ListenerSet } from '../src/index.ts';
import { HandClock } from './hand-clock.ts';

const init = { lockName: 'a', lockKey: 'a' };

describe('when nobody listens', () => {
  it('there is no event and no look at the clock', () => {
    const clock = new HandClock();
    const set = new ListenerSet({ clock });
    expect(set.begin('lock', init)).toBeUndefined();
    expect(set.wants('lock')).toBe(false);
    expect(clock.reads).toBe(0);
  });

  it('any more, the same holds', () => {
    const clock = new HandClock();
    const set = new ListenerSet({ clock });
    const first = set.add(() => {});
    const second = set.add(() => {});
    first();
    expect(set.wants('lock')).toBe(true);
    second();
    expect(set.begin('lock', init)).toBeUndefined();
    expect(clock.reads).toBe(0);
  });

  it('to a type, its events are not made, and the clock is not read for them', () => {
    const clock = new HandClock();
    const set = new ListenerSet({ listeners: [{ name: 'roots', types: ['lock'], on: () => {} }], clock });
    expect(set.begin('lock.create', init)).toBeUndefined();
    expect(clock.reads).toBe(0);
    const root = set.begin('lock', init);
    const { reads } = clock;
    expect(root?.child('lock.acquire')).toBeUndefined();
    expect(root?.child('lease.renew')).toBeUndefined();
    expect(clock.reads).toBe(reads);
    expect(['lock', 'lock.acquire', 'lease.renew'].map((type) => set.wants(type as 'lock'))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('to anything that a listener could tell, a listener without methods is nobody', () => {
    const set = new ListenerSet({ listeners: [{ name: 'mute' }, { name: 'picky', types: [], on: () => {} }] });
    expect(set.begin('lock', init)).toBeUndefined();
  });
});

it('a tree reads the wall clock once, however large it is', () => {
  let walls = 0;
  const clock = { now: () => (walls += 1), monotonic: () => 0 };
  const root = new ListenerSet({ listeners: [() => {}], clock }).begin('lock', init);
  for (let n = 0; n < 10; n += 1) root?.child('lease.renew')?.end('renewed');
  root?.end('released');
  expect(walls).toBe(1);
});

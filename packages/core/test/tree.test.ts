import { beforeEach, describe, expect, it } from 'vitest';

import { decodeEvent, encodeEvent, ListenerSet, type Event } from '../src/index.ts';
import { HandClock } from './hand-clock.ts';
import { Heard } from './heard.ts';
import { tellPossession } from './possession.ts';

describe('the events of one possession', () => {
  let heard: Heard;

  beforeEach(() => {
    heard = new Heard();
    const clock = new HandClock();
    tellPossession(new ListenerSet({ listeners: [heard], clock }), clock);
  });

  it('are each told once when they start and once when they end, parents first and last', () => {
    expect(heard.lines).toEqual([
      'lock starts',
      'lock.acquire starts',
      'storage.acquire starts',
      'storage.acquire ends',
      'lock.acquire: acquire.contended',
      'storage.acquire starts',
      'storage.acquire ends',
      'lock.acquire: acquire.handed_over',
      'lock.acquire ends',
      'lease.renew starts',
      'lease.renew ends',
      'lock.release starts',
      'storage.release starts',
      'storage.release ends',
      'lock.release ends',
      'lock ends',
    ]);
  });

  it('give the whole tree to somebody who has nothing but what was delivered, through a log', () => {
    const read = heard.ended.map((event) => decodeEvent(encodeEvent(event)));
    expect(draw(read)).toEqual([
      'lock released',
      '  lock.acquire acquired',
      '    storage.acquire ok',
      '    storage.acquire ok',
      '  lease.renew renewed',
      '  lock.release released',
      '    storage.release ok',
    ]);
  });

  it('share the root, the lock, the owner and the storage', () => {
    const root = heard.ended.find(({ type }) => type === 'lock');
    expect(root).not.toHaveProperty('parentId');
    expect(root?.rootId).toBe(root?.id);
    for (const event of heard.ended) {
      expect(event).toMatchObject({
        rootId: root?.id,
        lockName: 'orders/{id}',
        lockKey: 'orders/42',
        ownerId: 'owner-1',
        operation: 'POST /orders',
        storageName: 'memory',
        mode: 'exclusive',
      });
    }
  });

  it('carry the watchdog only where it was at work', () => {
    const marked = heard.ended.filter(({ watchdogId }) => watchdogId !== undefined);
    expect(marked.map(({ type, watchdogId }) => [type, watchdogId])).toEqual([['lease.renew', 'watchdog-1']]);
  });
});

it('an event leads to its parent, in this process', () => {
  const set = new ListenerSet({ listeners: [() => {}] });
  const root = set.begin('lock', { lockName: 'a', lockKey: 'a', mode: 'shared' });
  const acquire = root?.child('lock.acquire');
  const call = acquire?.child('storage.acquire');
  expect(call?.event.parent).toBe(acquire?.event);
  expect(call?.event.parent?.parent).toBe(root?.event);
  expect(call?.event.parentId).toBe(acquire?.event.id);
  expect(call?.event.mode).toBe('shared');
  expect(root?.event.parent).toBeUndefined();
});

it('two trees share nothing', () => {
  const heard = new Heard();
  const clock = new HandClock();
  const set = new ListenerSet({ listeners: [heard], clock });
  tellPossession(set, clock);
  tellPossession(set, clock);
  expect(new Set(heard.ended.map(({ id }) => id)).size).toBe(heard.ended.length);
  expect(new Set(heard.ended.map(({ rootId }) => rootId)).size).toBe(2);
});

/** The tree as lines, in the order of the starts; fails when an event has no parent among the others. */
function draw(events: readonly Event[]): string[] {
  const known = new Set(events.map(({ id }) => id));
  const inOrder = events.toSorted((a, b) => a.startedAt - b.startedAt);
  const below = (parentId: string | undefined, indent: string): string[] =>
    inOrder
      .filter((event) => event.parentId === parentId)
      .flatMap(({ id, type, outcome }) => [`${indent}${type} ${outcome}`, ...below(id, `${indent}  `)]);
  for (const { parentId } of events) if (parentId !== undefined) expect(known).toContain(parentId);
  return below(undefined, '');
}

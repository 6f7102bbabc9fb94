import { describe, expect, it } from 'vitest';

import { ListenerSet, type Event, type EventType } from '../src/index.ts';
import { HandClock } from './hand-clock.ts';
import { Heard } from './heard.ts';
import { orders, tellPossession } from './possession.ts';

/** A listener that hears only some types, told of everything that it can be told of. */
class Picky extends Heard {
  readonly types: readonly EventType[];

  constructor(...types: EventType[]) {
    super('picky');
    this.types = types;
  }
}

function possessionHeardBy<L extends Heard>(first: L, ...others: Heard[]): L {
  const clock = new HandClock();
  tellPossession(new ListenerSet({ listeners: [first, ...others], clock }), clock);
  return first;
}

describe('a listener with types', () => {
  it('hears of those and of nothing else', () => {
    const { lines } = possessionHeardBy(new Picky('lock.release', 'lease.renew'));
    expect(lines).toEqual(['lease.renew starts', 'lease.renew ends', 'lock.release starts', 'lock.release ends']);
  });

  it('is not told of the parents of what it hears, but they are there', () => {
    const parents: (Event | undefined)[] = [];
    class Calls extends Picky {
      override on(event: Event): void {
        super.on(event);
        parents.push(event.parent, event.parent?.parent, event.parent?.parent?.parent);
      }
    }
    const { lines, ended } = possessionHeardBy(new Calls('storage.release'));
    expect(lines).toEqual(['storage.release starts', 'storage.release ends']);
    expect(parents.map((parent) => parent?.type)).toEqual(['lock.release', 'lock', undefined]);
    expect(ended[0]).toMatchObject({ parentId: parents[0]?.id, rootId: parents[1]?.id });
  });

  it('finds a parent wherever its type can hang', () => {
    const set = new ListenerSet({ listeners: [new Picky('storage.release')] });
    expect(set.begin('lock.rollback', orders)?.child('storage.release')).toBeDefined();
    expect(set.begin('lock', orders)?.child('lock.release')?.child('storage.release')).toBeDefined();
    expect(set.begin('lock.inspect', orders)).toBeUndefined();
  });

  it('takes nothing from one that hears everything', () => {
    const all = new Heard();
    possessionHeardBy(all, new Picky('lock.release'));
    expect(all.lines).toHaveLength(16);
  });

  it('is not put around, nor asked for a trace context of, what it does not hear of', () => {
    const asked: string[] = [];
    const listener = {
      name: 'asked',
      types: ['lock.inspect'] as const,
      around: <T>(event: Event, fn: () => T): T => {
        asked.push(`around ${event.type}`);
        return fn();
      },
      traceparent: (event: Event) => {
        asked.push(`traceparent ${event.type}`);
        return undefined;
      },
    };
    const set = new ListenerSet({ listeners: [listener, () => {}] });
    for (const type of ['lock', 'lock.inspect'] as const) {
      const open = set.begin(type, orders);
      open?.around(() => {});
      open?.traceparent();
    }
    expect(asked).toEqual(['around lock.inspect', 'traceparent lock.inspect']);
  });
});

describe('a listener that is only asked, and told nothing', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  it('is asked although nobody else listens', () => {
    const set = new ListenerSet({ listeners: [{ name: 'context', traceparent: () => traceparent }] });
    expect(set.begin('lock', orders)?.traceparent()).toBe(traceparent);
  });

  it('costs no event below the root', () => {
    const set = new ListenerSet({ listeners: [{ name: 'context', around: (_event, fn) => fn() }] });
    const root = set.begin('lock', orders);
    expect(root).toBeDefined();
    expect(root?.child('lock.acquire')).toBeUndefined();
    expect(set.wants('storage.acquire')).toBe(false);
  });
});

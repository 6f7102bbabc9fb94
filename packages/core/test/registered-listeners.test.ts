import { afterEach, describe, expect, it } from 'vitest';

import { ListenerSet, registerListener, type Event, type Removal } from '../src/index.ts';
import { orders } from './possession.ts';

const removals: Removal[] = [];
afterEach(() => {
  for (const remove of removals.splice(0)) remove();
});

function registered(): { readonly heard: Event[]; readonly remove: Removal } {
  const heard: Event[] = [];
  const remove = registerListener({ name: 'everywhere', on: (event) => void heard.push(event) });
  removals.push(remove);
  return { heard, remove };
}

function tellOf(set: ListenerSet): void {
  set.begin('lock', orders)?.end('released');
}

describe('a listener that is registered for the process', () => {
  it('hears of locks that were made before it, and of those that are made later', () => {
    const before = new ListenerSet();
    const { heard } = registered();
    const later = new ListenerSet();
    tellOf(before);
    tellOf(later);
    expect(heard).toHaveLength(2);
  });

  it('hears nothing any more when it was removed, of any of them, and of none that is made later', () => {
    const before = new ListenerSet();
    const { heard, remove } = registered();
    const later = new ListenerSet();
    remove();
    remove();
    for (const set of [before, later, new ListenerSet()]) {
      tellOf(set);
      expect(set.size).toBe(0);
    }
    expect(heard).toEqual([]);
  });

  it('is told twice when it was registered twice, and goes one at a time', () => {
    const heard: Event[] = [];
    const listener = { name: 'twice', on: (event: Event): void => void heard.push(event) };
    const first = registerListener(listener);
    removals.push(first, registerListener(listener));
    const set = new ListenerSet();
    tellOf(set);
    expect(heard).toHaveLength(2);
    first();
    tellOf(set);
    expect(heard).toHaveLength(3);
  });

  it('stands behind those that the locks were given themselves', () => {
    const order: string[] = [];
    removals.push(registerListener({ name: 'registered', on: () => void order.push('registered') }));
    tellOf(new ListenerSet({ listeners: [{ name: 'own', on: () => void order.push('own') }] }));
    expect(order).toEqual(['own', 'registered']);
  });

  it('is one of this process also for another copy of this package', () => {
    const { heard } = registered();
    const place = (globalThis as Record<symbol, { registrations: Set<unknown> } | undefined>)[
      Symbol.for('lockscope.registered-listeners')
    ];
    expect(place?.registrations.size).toBe(1);
    expect(heard).toEqual([]);
  });

  it('leaves sets alone that nobody uses any more', () => {
    const { heard } = registered();
    for (let n = 0; n < 1000; n += 1) tellOf(new ListenerSet());
    expect(heard).toHaveLength(1000);
  });

  it.each([undefined, null, 1, {}, { name: 1 }])('has to be a listener: %j is refused, and is added nowhere', (odd) => {
    expect(() => registerListener(odd as never)).toThrow(TypeError);
    expect(new ListenerSet().size).toBe(0);
  });
});

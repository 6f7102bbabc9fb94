import { describe, expect, it } from 'vitest';

import { ListenerSet, type Event, type ListenerInput, type Removal } from '../src/index.ts';
import { orders } from './possession.ts';

function names(...listeners: ListenerInput[]): string[] {
  return new ListenerSet({ listeners }).stats().map(({ name }) => name);
}

describe('the name of a listener', () => {
  it('is its own, or that of the function', () => {
    expect(names({ name: 'mine', on: () => {} }, function audit() {})).toEqual(['mine', 'audit']);
  });

  it('is made up for a function without one', () => {
    expect(names(() => {}, { name: '' })).toEqual(['anonymous', 'anonymous#2']);
  });

  it('gets a number when it is taken', () => {
    const twice = { name: 'log' };
    expect(names(twice, twice, { name: 'log#2' }, twice)).toEqual(['log', 'log#2', 'log#2#2', 'log#3']);
  });

  it('is free again when its listener was removed', () => {
    const set = new ListenerSet();
    set.add({ name: 'log' })();
    set.add({ name: 'log' });
    expect(set.stats().map(({ name }) => name)).toEqual(['log']);
  });
});

describe('a set', () => {
  it.each([[42], [undefined], [null], ['log'], [{}], [{ name: 7 }]])('takes no %j for a listener', (input) => {
    const set = new ListenerSet();
    expect(() => set.add(input as unknown as ListenerInput)).toThrow(
      new TypeError(`a listener is a function or an object with a name, got ${typeof input}`),
    );
    expect(set.size).toBe(0);
  });

  it('stays as it was when a listener cannot be looked at', () => {
    const told: string[] = [];
    const set = new ListenerSet({ listeners: [({ type }) => void told.push(type)] });
    const broken = {
      name: 'broken',
      get on(): never {
        throw new Error('broken');
      },
    };
    expect(() => set.add(broken)).toThrow('broken');
    expect(set.size).toBe(1);
    set.add({ name: 'next' });
    set.begin('lock', orders)?.end('released');
    expect(told).toEqual(['lock']);
  });

  it('hears a listener twice that was added twice', () => {
    let told = 0;
    const listener = { name: 'twice', on: () => void (told += 1) };
    const set = new ListenerSet({ listeners: [listener, listener] });
    set.begin('lock', orders)?.end('released');
    expect(told).toBe(2);
  });

  it('shows nothing of what was added to another', () => {
    const shared = { name: 'shared' };
    const [a, b] = [new ListenerSet({ listeners: [shared] }), new ListenerSet({ listeners: [shared] })];
    const told: string[] = [];
    a.add({ name: 'a', on: () => void told.push('a') });
    expect(b.size).toBe(1);
    b.begin('lock', orders)?.end('released');
    expect(told).toEqual([]);
  });

  it('counts the faults of a listener that is in two sets in each by itself', () => {
    const bad = {
      name: 'bad',
      on: () => {
        throw new Error('bad');
      },
    };
    const options = { listeners: [bad], onListenerError: () => {} };
    const [a, b] = [new ListenerSet(options), new ListenerSet(options)];
    a.begin('lock', orders)?.end('released');
    expect([a.stats(), b.stats()]).toEqual([[{ name: 'bad', faults: 1 }], [{ name: 'bad', faults: 0 }]]);
  });
});

describe('a listener that is removed', () => {
  it('hears nothing more, not even the end of what it heard start', () => {
    const told: string[] = [];
    const set = new ListenerSet();
    const remove = set.add({
      name: 'l',
      onStart: () => void told.push('start'),
      onAction: () => void told.push('action'),
      on: () => void told.push('end'),
    });
    const open = set.begin('lock', orders);
    remove();
    open?.action('lock.reentered', { depth: 2 });
    open?.end('released');
    expect(told).toEqual(['start']);
    expect(set.size).toBe(0);
  });

  it('is not asked any more either', () => {
    const set = new ListenerSet({ listeners: [() => {}] });
    const asked: string[] = [];
    const remove = set.add({
      name: 'l',
      around: (_event, fn) => {
        asked.push('around');
        return fn();
      },
      traceparent: () => {
        asked.push('traceparent');
        return undefined;
      },
    });
    const open = set.begin('lock', orders);
    remove();
    expect(open?.around(() => 1)).toBe(1);
    open?.traceparent();
    expect(asked).toEqual([]);
  });

  it('may be removed again, and takes nobody with it', () => {
    const set = new ListenerSet({ listeners: [{ name: 'a' }] });
    const remove = set.add({ name: 'b' });
    remove();
    remove();
    expect(set.stats().map(({ name }) => name)).toEqual(['a']);
  });

  it('is removed at the end of a block with `using`', () => {
    const set = new ListenerSet();
    const remove = set.add({ name: 'l' });
    remove[Symbol.dispose]();
    expect(set.size).toBe(0);
  });
});

describe('while it is told, a listener', () => {
  it('may remove itself and others: who is removed hears nothing more, the rest hear everything', () => {
    const told: string[] = [];
    const removals: Removal[] = [];
    const set = new ListenerSet();
    const hears = (name: string) => ({ name, on: () => void told.push(name) });
    set.add(hears('a'));
    removals.push(
      set.add({
        name: 'b',
        on: () => {
          told.push('b');
          for (const remove of removals) remove();
        },
      }),
    );
    removals.push(set.add(hears('c')));
    set.add(hears('d'));
    const [first, second] = [set.begin('lock', orders), set.begin('lock', orders)];
    first?.end('released');
    expect(told).toEqual(['a', 'b', 'd']);
    second?.end('released');
    expect(told.slice(3)).toEqual(['a', 'd']);
  });

  it('may add others: they hear of the trees that begin later', () => {
    const told: string[] = [];
    const set = new ListenerSet();
    const added = { name: 'added', on: ({ lockKey }: Event) => void told.push(lockKey) };
    const remove = set.add({
      name: 'adds',
      onStart: () => {
        remove();
        set.add(added);
      },
    });
    const open = set.begin('lock', { lockName: 'a', lockKey: 'first' });
    open?.child('lock.acquire')?.end('acquired');
    open?.end('released');
    set.begin('lock', { lockName: 'a', lockKey: 'second' })?.end('released');
    expect(told).toEqual(['second']);
  });
});

import { describe, expect, it } from 'vitest';

import { ListenerSet, type Event, type OpenEvent } from '../src/index.ts';
import { Heard } from './heard.ts';
import { orders } from './possession.ts';

describe('what a tree holds back', () => {
  function held(): { heard: Heard; root: OpenEvent<'lock'> } {
    const heard = new Heard();
    const root = new ListenerSet({ listeners: [heard] }).begin('lock', orders) as OpenEvent<'lock'>;
    heard.lines.length = 0;
    root.hold();
    return { heard, root };
  }

  it('is told when it is let go, all of it, in order', () => {
    const { heard, root } = held();
    const release = root.child('lock.release');
    root.action('lock.depth_released', { depth: 1 });
    release?.end('released');
    root.end('released');
    expect(heard.lines).toEqual([]);
    root.flush();
    expect(heard.lines).toEqual(['lock.release starts', 'lock: lock.depth_released', 'lock.release ends', 'lock ends']);
  });

  it('is told once', () => {
    const { heard, root } = held();
    root.action('lock.reentered', { depth: 2 });
    root.flush();
    root.flush();
    root.child('lock.release');
    expect(heard.lines).toEqual(['lock: lock.reentered', 'lock.release starts']);
  });

  it('is told with the times at which it happened', () => {
    let monotonic = 0;
    const ended: Event[] = [];
    const clock = { now: () => 1000, monotonic: () => monotonic };
    const set = new ListenerSet({ listeners: [(event) => void ended.push(event)], clock });
    const open = set.begin('lock', orders);
    open?.hold();
    monotonic = 5;
    open?.end('released');
    monotonic = 5000;
    open?.flush();
    expect(ended[0]?.endedAt).toBe(1005);
  });

  it('waits again when a listener makes the caller hold it again', () => {
    const lines: string[] = [];
    const root = new ListenerSet({
      listeners: [
        {
          name: 'holds',
          onStart: (event) => {
            lines.push(event.type);
            if (event.type === 'lock.acquire') root.hold();
          },
        },
      ],
    }).begin('lock', orders) as OpenEvent<'lock'>;
    root.hold();
    for (const type of ['lock.acquire', 'lease.renew', 'lock.release'] as const) root.child(type);
    root.flush();
    expect(lines).toEqual(['lock', 'lock.acquire']);
    root.flush();
    expect(lines).toEqual(['lock', 'lock.acquire', 'lease.renew', 'lock.release']);
  });
});

describe('a listener that causes events of the tree that it is told of', () => {
  it('does not overtake: every listener hears the same order', () => {
    const [first, second] = [new Heard('first'), new Heard('second')];
    const causes = {
      name: 'causes',
      onStart: (event: Event) => {
        if (event.type === 'lock.acquire') root.child('lease.renew')?.end('renewed');
      },
      onAction: () => root.child('lock.release')?.end('released'),
    };
    const root = new ListenerSet({ listeners: [first, causes, second] }).begin('lock', orders) as OpenEvent<'lock'>;
    root.child('lock.acquire')?.end('acquired');
    root.action('lock.reentered', { depth: 2 });
    root.end('released');
    expect(first.lines).toEqual([
      'lock starts',
      'lock.acquire starts',
      'lease.renew starts',
      'lease.renew ends',
      'lock.acquire ends',
      'lock: lock.reentered',
      'lock.release starts',
      'lock.release ends',
      'lock ends',
    ]);
    expect(second.lines).toEqual(first.lines);
  });

  it('is told of what it caused after it has returned', () => {
    const depths: number[] = [];
    let depth = 0;
    const root = new ListenerSet({
      listeners: [
        {
          name: 'causes',
          onStart: (event) => {
            depth += 1;
            depths.push(depth);
            if (event.type === 'lock.acquire') root.child('lease.renew');
            depth -= 1;
          },
        },
      ],
    }).begin('lock', orders) as OpenEvent<'lock'>;
    root.child('lock.acquire');
    expect(depths).toEqual([1, 1, 1]);
  });

  it('still causes them in order when the tree is let go meanwhile', () => {
    const [heard, lines] = [new Heard(), [] as string[]];
    const causes = {
      name: 'causes',
      onStart: (event: Event) => {
        if (event.type !== 'lock.acquire') return;
        root.child('lease.renew');
        root.flush();
        lines.push('returned');
      },
    };
    const root = new ListenerSet({ listeners: [causes, heard] }).begin('lock', orders) as OpenEvent<'lock'>;
    root.hold();
    root.child('lock.acquire');
    root.flush();
    expect(lines).toEqual(['returned']);
    expect(heard.lines).toEqual(['lock starts', 'lock.acquire starts', 'lease.renew starts']);
  });
});

it('listeners are told in the order in which they were added', () => {
  const told: string[] = [];
  const set = new ListenerSet();
  for (const name of ['a', 'b', 'c']) set.add({ name, on: () => void told.push(name) });
  set.begin('lock', orders)?.end('released');
  expect(told).toEqual(['a', 'b', 'c']);
});

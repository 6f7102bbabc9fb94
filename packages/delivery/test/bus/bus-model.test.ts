import type { Removal } from '@lockscope/core';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { createBus } from '../../src/index.ts';

const types = ['a', 'a.b', 'a.b.c', 'b.c'];
const patterns = ['*', 'a.*', 'a.b.*', 'b.*', ...types];
const handlers = 4;

/** A bus as one would write it who has time: everything is searched each time. */
class Model {
  places: { pattern: string; handler: number; once: boolean; holds: number }[] = [];

  add(pattern: string, handler: number, once: boolean): () => void {
    let place = this.places.find((one) => !once && !one.once && one.pattern === pattern && one.handler === handler);
    if (place === undefined) this.places.push((place = { pattern, handler, once, holds: 0 }));
    const held = place;
    held.holds += 1;
    return () => {
      held.holds -= 1;
      if (held.holds === 0) this.places = this.places.filter((one) => one !== held);
    };
  }

  publish(type: string): number[] {
    const called: number[] = [];
    const seen = new Set<number>();
    for (const place of this.places) {
      const { pattern, handler, once } = place;
      const prefix = pattern.slice(0, -1);
      if (pattern !== '*' && pattern !== type && !(pattern.endsWith('.*') && type.startsWith(prefix))) continue;
      if (once) this.places = this.places.filter((one) => one !== place);
      else if (seen.has(handler)) continue;
      else seen.add(handler);
      called.push(handler);
    }
    return called;
  }
}

const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant('on' as const),
      pattern: fc.constantFrom(...patterns),
      handler: fc.nat(handlers - 1),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('once' as const),
      pattern: fc.constantFrom(...patterns),
      handler: fc.nat(handlers - 1),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('leave' as const), which: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('publish' as const), type: fc.constantFrom(...types) }) },
);

it('row 96: any order of registering, leaving and publishing calls whom it should, in order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bus = createBus<Record<string, null>>();
      const model = new Model();
      let called: number[] = [];
      const real = Array.from({ length: handlers }, (_, n) => () => void called.push(n));
      const ways: [Removal, () => void][] = [];
      for (const one of steps) {
        if (one.act === 'publish') {
          called = [];
          bus.emit(one.type, null);
          expect(called).toEqual(model.publish(one.type));
        } else if (one.act === 'leave') {
          const [way] = ways.splice(one.which % Math.max(1, ways.length), 1);
          for (const leave of way ?? []) leave();
        } else {
          const { pattern, handler, act } = one;
          ways.push([bus[act](pattern, (real[handler] ??= () => {})), model.add(pattern, handler, act === 'once')]);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

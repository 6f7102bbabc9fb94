import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { type BusEvents, createBus, type Message } from '../../src/index.ts';

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ act: 'publish' as const }) },
  { weight: 3, arbitrary: fc.constant({ act: 'emit' as const }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constantFrom('finish' as const, 'fail' as const), which: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('take' as const), which: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('loop' as const),
      capacity: fc.integer({ min: 1, max: 3 }),
      newest: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('leave' as const), which: fc.nat() }) },
);

interface Work {
  readonly n: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A loop, and what it got of the messages that came while it was there. */
interface Loop {
  readonly events: BusEvents<Message<'n', number>>;
  readonly due: number[];
  readonly got: number[];
  left: boolean;
}

/** Everything that hangs on promises alone has happened. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

it('row 96: any order of publishing, finishing, failing, taking, leaving and closing loses nothing and counts the truth', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.boolean(), async (steps, giveUp) => {
      const errors: unknown[] = [];
      const dropped: number[] = [];
      const bus = createBus<{ n: number }>({
        onError: (error) => errors.push(error),
        onDrop: ({ data }) => dropped.push(data as number),
      });
      const work: Work[] = [];
      const failures: unknown[] = [];
      const results: { n: number; status: string | undefined }[] = [];
      const loops: Loop[] = [];
      let published = 0;
      let asked = 0;
      bus.on('n', ({ data: n }) => new Promise((resolve, reject) => work.push({ n, resolve, reject })));
      for (const one of steps) {
        if (one.act === 'publish' || one.act === 'emit') {
          const n = (published += 1);
          for (const { due, left } of loops) if (!left) due.push(n);
          if (one.act === 'emit') bus.emit('n', n);
          else {
            asked += 1;
            void bus.publish('n', n).then(([result]) => results.push({ n, status: result?.status }));
          }
        } else if (one.act === 'loop') {
          const onFull = one.newest ? 'drop_newest' : 'drop_oldest';
          loops.push({ events: bus.events('*', { capacity: one.capacity, onFull }), due: [], got: [], left: false });
        } else if (one.act === 'take' || one.act === 'leave') {
          const loop = loops[one.which % Math.max(1, loops.length)];
          if (loop === undefined) continue;
          if (one.act === 'leave') {
            loop.left = true;
            await loop.events.return();
          } else if (loop.events.depth > 0) loop.got.push((await loop.events.next()).value?.data ?? -1);
        } else {
          const [item] = work.splice(one.which % Math.max(1, work.length), 1);
          if (item === undefined) continue;
          if (one.act === 'finish') item.resolve(item.n);
          else {
            failures.push(item);
            item.reject(item);
          }
        }
      }
      await turns();
      const unfinished = work.length;
      expect(bus.stats).toMatchObject({ published, unhandled: 0, failed: failures.length, running: unfinished });
      const buffered = loops.reduce((sum, { events }) => sum + events.depth, 0);
      const closing = bus.close(giveUp ? { signal: AbortSignal.abort() } : {});
      if (!giveUp) {
        for (const item of work) item.resolve(item.n);
        for (const { events, got } of loops) for await (const { data } of events) got.push(data);
      }
      expect(await closing).toEqual({ undelivered: giveUp ? unfinished + buffered : 0 });
      await turns();
      // Nothing is lost or twice: each message that a loop was there for it got, in order, or it was told as dropped.
      let lost = 0;
      for (const { due, got, events } of loops) {
        expect(got).toEqual(due.filter((n) => got.includes(n)));
        expect(got.length + events.dropped).toBe(due.length);
        lost += events.dropped;
      }
      expect(dropped).toHaveLength(lost);
      expect(errors).toHaveLength(failures.length + (giveUp ? unfinished : 0));
      expect(bus.stats).toMatchObject({ failed: errors.length, dropped: lost, running: 0, hookFaults: 0 });
      expect(results, 'every publisher is told').toHaveLength(asked);
      expect(new Set(results.map(({ n }) => n)).size, 'and once').toBe(asked);
      const rejected = results.filter(({ status }) => status === 'rejected');
      expect(rejected.length).toBeLessThanOrEqual(errors.length);
    }),
    { numRuns: 10_000 },
  );
}, 300_000);

// What it costs to put an event into a queue and through it, and to give one to many sinks, beside what people use.
// Run after a build: taskset -c 1 node --expose-gc packages/delivery/bench/sinks.bench.mjs [rounds] [ms per case]
import { EventEmitter } from 'node:events';

import { Broadcaster, FunctionSink, Queue } from '@lockscope/delivery';
import fastq from 'fastq';
import PQueue from 'p-queue';

import { cpuClock, measure, print } from '../../../test/bench/rounds.mjs';

const rounds = Number(process.argv[2] ?? 15);
const roundMs = Number(process.argv[3] ?? 300);
const clock = cpuClock();

/** The shortest sink that there can be. */
const nowhere = () => ({
  write: () => Promise.resolve(),
  close: () => Promise.resolve({ undelivered: 0 }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

const queue = new Queue(nowhere(), { maxSize: Infinity });
const toFunction = new Queue(new FunctionSink(() => Promise.resolve()), { maxSize: Infinity });
const quick = fastq.promise(() => Promise.resolve(), 1);
const promises = new PQueue({ concurrency: 1 });

/** Batches, so that no queue grows for as long as a round lasts. */
const batch = 1000;
const queued = (put, drained) => async (operations) => {
  for (let done = 0; done < operations; done += batch) {
    for (let n = Math.min(batch, operations - done); n > 0; n -= 1) put(n);
    await drained();
  }
};

print(
  'An event through a queue to a sink that does nothing, a thousand at a time: CPU time (the original, in Go: 152 ns)',
  await measure(
    [
      {
        name: 'fastq.promise',
        run: queued(
          (n) => void quick.push(n),
          () => quick.drained(),
        ),
      },
      {
        name: 'Queue',
        run: queued(
          (n) => void queue.write(n),
          () => queue.flush(),
        ),
      },
      {
        name: 'Queue before a FunctionSink',
        run: queued(
          (n) => void toFunction.write(n),
          () => toFunction.flush(),
        ),
      },
      {
        name: 'p-queue',
        run: queued(
          () => void promises.add(() => Promise.resolve()),
          () => promises.onIdle(),
        ),
      },
    ],
    { rounds, roundMs, clock },
  ),
);

const originals = { 10: '1.2', 100: '5.1', 1000: '50', 10000: '552' };
for (const [sinks, original] of Object.entries(originals)) {
  const count = Number(sinks);
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  for (let n = 0; n < count; n += 1) emitter.on('event', () => {});
  const all = new Broadcaster(Array.from({ length: count }, nowhere), { maxSize: Infinity });
  // As many events in a batch as keep some ten thousand deliveries waiting, and never one alone.
  const few = Math.max(10, 10_000 / count);
  const told = async (operations) => {
    for (let done = 0; done < operations; done += few) {
      for (let n = Math.min(few, operations - done); n > 0; n -= 1) void all.write(n);
      await all.flush();
    }
  };
  print(
    `An event to ${count} sinks: CPU time (the original, in Go: ${original} us)`,
    await measure(
      [
        {
          name: 'EventEmitter, which calls and forgets',
          run: (operations) => {
            for (let n = 0; n < operations; n += 1) emitter.emit('event', n);
          },
        },
        { name: 'Broadcaster', run: told },
      ],
      { rounds, roundMs, clock, heap: false },
    ),
    'us',
  );
}

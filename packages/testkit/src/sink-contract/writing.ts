import assert from 'node:assert/strict';

import type { SinkScript } from './sink-trial.ts';

const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, n) => from + n);

export const writing: readonly SinkScript[] = [
  {
    name: 'writing: what is written one after the other arrives, each once and in order',
    body: async (trial) => {
      for (const n of numbers(50)) assert.deepEqual(await trial.write([n]), [n]);
      await trial.close();
      await trial.arrivedAre(numbers(50));
    },
  },
  {
    name: 'writing: what is written at once arrives, each once',
    body: async (trial) => {
      assert.deepEqual(await trial.write(numbers(200)), numbers(200));
      await trial.close();
      await trial.arrivedAre(numbers(200));
    },
  },
  {
    name: 'writing: a write never throws, it rejects',
    body: async (trial) => {
      await trial.setup.refuse?.(true);
      await trial.write([1]);
      await trial.setup.sink.close({ signal: AbortSignal.abort() });
      await trial.write([2]);
    },
  },
  {
    name: 'giving up: a write with a signal that has aborted rejects with its reason, and nothing arrives',
    body: async (trial) => {
      const reason = new Error('enough');
      const write = trial.setup.sink.write(1, { signal: AbortSignal.abort(reason) });
      await assert.rejects(trial.inTime(write, 'the write'), (error) => error === reason);
      await trial.write([2]);
      await trial.close();
      await trial.arrivedAre([2]);
    },
  },
  {
    name: 'giving up: a signal that aborts when the write is over changes nothing',
    body: async (trial) => {
      const giveUp = new AbortController();
      await trial.inTime(trial.setup.sink.write(1, giveUp), 'the write');
      giveUp.abort();
      await trial.write([2]);
      await trial.close();
      await trial.arrivedAre([1, 2]);
    },
  },
  {
    name: 'refusing: what cannot be delivered is told to its writer or to a hook, and is not delivered later',
    needs: ['refuse'],
    body: async (trial) => {
      await trial.setup.refuse?.(true);
      const accepted = await trial.write([1, 2, 3]);
      await trial.turns();
      await trial.setup.refuse?.(false);
      await trial.close();
      const arrived = await trial.setup.arrived();
      const dropped = trial.setup.dropped?.() ?? [];
      for (const n of [1, 2, 3]) {
        const told = (accepted.includes(n) ? 0 : 1) + (dropped.includes(n) ? 1 : 0) + (arrived.includes(n) ? 1 : 0);
        assert.equal(
          told,
          1,
          `${n}: accepted ${accepted.join()}, dropped ${dropped.join()}, arrived ${arrived.join()}`,
        );
      }
    },
  },
  {
    name: 'refusing: what comes after a refusal arrives',
    needs: ['refuse'],
    body: async (trial) => {
      await trial.setup.refuse?.(true);
      await trial.write([1]);
      // A sink that accepts at once meets the refusal later.
      await trial.turns();
      await trial.setup.refuse?.(false);
      assert.deepEqual(await trial.write([2, 3]), [2, 3]);
      await trial.close();
      const arrived = await trial.setup.arrived();
      assert.deepEqual(
        arrived.filter((n) => n > 1),
        [2, 3],
      );
    },
  },
];

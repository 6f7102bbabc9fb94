import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { Event } from '@lockscope/core';

import { possession } from './stories.ts';
import type { ListenerScript } from './telling.ts';

/** As many more than it may keep: enough to tell a bound from none. */
const more = 1000;

/** The garbage collector, which Node hides unless it is asked for. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

export const keeping: readonly ListenerScript[] = [
  {
    name: 'keeping: it keeps references to no more events that ended than it may',
    body: async (trial) => {
      const { mayKeep } = trial.options;
      const told: WeakRef<Event>[] = [];
      const keep = (event: Event): void => void told.push(new WeakRef(event));
      trial.listeners.add({ name: 'weak', types: ['lock'], on: keep });
      for (let tree = 0; tree < mayKeep + more; tree += 1) {
        possession(trial.teller);
        if (tree % 200 === 0) await nextTurn();
      }
      await trial.flush();
      const collect = collector();
      let kept = told.length;
      for (let round = 0; round < 10 && kept > mayKeep; round += 1) {
        await nextTurn();
        collect();
        kept = told.filter((reference) => reference.deref() !== undefined).length;
      }
      assert.ok(kept <= mayKeep, `of ${told.length} events it keeps ${kept}, and may keep ${mayKeep}`);
    },
  },
];

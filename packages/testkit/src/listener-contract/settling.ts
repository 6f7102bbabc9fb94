import assert from 'node:assert/strict';

import { stories } from './stories.ts';
import type { ListenerScript } from './telling.ts';

export const settling: readonly ListenerScript[] = [
  {
    name: 'settling: flush settles in time, with nothing to deliver and with much',
    body: async (trial) => {
      assert.ok(await trial.flush(), 'flush did not settle in time, with nothing to deliver');
      for (let round = 0; round < 20; round += 1) trial.tell(...stories);
      assert.ok(await trial.flush(), 'flush did not settle in time');
    },
  },
  {
    name: 'settling: close settles in time, also the second time',
    body: async (trial) => {
      trial.tell(...stories);
      assert.ok(await trial.close(), 'close did not settle in time');
      assert.ok(await trial.close(), 'the second close did not settle in time');
    },
  },
  {
    name: 'settling: to be told something after close is no fault',
    body: async (trial) => {
      await trial.close();
      trial.tell(...stories);
      await trial.settled();
      trial.hasNoFault();
      assert.equal(trial.listeners.size, 2, 'the listener is not there any more');
    },
  },
];

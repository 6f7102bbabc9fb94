import { closableContract, type Contract } from '@lockscope/testkit';
import { describe, it } from 'vitest';

import { Queue } from '../../src/index.ts';
import { closableOf } from './closable.ts';

const contracts: Record<string, Contract> = {
  'a queue': closableContract({ create: closableOf((gate) => new Queue(gate)) }),
  'a queue that is full': closableContract({ create: closableOf((gate) => new Queue(gate, { maxSize: 1 })) }),
  'a queue before a queue': closableContract({
    concurrency: 2,
    create: closableOf((gate) => new Queue(new Queue(gate, { maxSize: 2 }), { maxSize: 2 })),
  }),
};

for (const [name, contract] of Object.entries(contracts)) {
  describe(`row 58: row 60: ${name} keeps what everything promises that can be closed`, () => {
    for (const { name: promise, run } of contract) it(promise, run);
  });
}

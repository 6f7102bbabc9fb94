import { brokerContract } from '@lockscope/testkit';
import { describe, test } from 'vitest';

import { memoryBroker } from '../../src/index.ts';

describe('row 99: the broker contract, in memory', () => {
  for (const { name, run } of brokerContract({ create: () => ({ broker: memoryBroker() }), quietMs: 50 }))
    test(name, run);
});

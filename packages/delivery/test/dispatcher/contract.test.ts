import { dispatcherContract } from '@lockscope/testkit';
import { describe, test } from 'vitest';

import { localDispatcher } from '../../src/index.ts';

describe('row 73: the dispatcher contract, in memory', () => {
  const contract = dispatcherContract({ create: (demands) => ({ dispatcher: localDispatcher(demands) }) });
  for (const { name, run } of contract) test(`row 73: ${name}`, run);
});

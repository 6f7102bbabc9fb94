import { MemoryStorage } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import { faultyStorage, lockContract } from '@lockscope/testkit';
import { describe, test } from 'vitest';
import { quorum } from '../src/index.ts';

/** Storages in a network: each answer takes a millisecond, and one of three is gone. */
function newNodes() {
  return [1, 2, 3].map((number) => {
    const node = faultyStorage(new MemoryStorage());
    node.delay(1);
    if (number === 1) node.freeze();
    return node;
  });
}

const contract = lockContract({
  create: () => {
    const nodes = newNodes();
    return { nodes, locks: createLocks({ storage: quorum(nodes) }) };
  },
  second: ({ nodes }) => createLocks({ storage: quorum(nodes) }),
  contenders: 40,
  patienceMs: 30_000,
});

describe('locks of a quorum, of which one is gone', () => {
  for (const { name, run } of contract) test(name, run, 60_000);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { rowOf } from './support/capability-rows.ts';
import { filesBelow, root } from './support/workspace.ts';

/** What delivery re-creates: the rows on sinks, dispatchers, request and reply, the bus and services. */
const delivery = { first: 57, last: 102 };

it('every capability that delivery re-creates has a test that carries its number', () => {
  const titles = /['"`](row \d+: )/g;
  const covered = new Set<number>();
  for (const folder of ['packages', 'examples', 'test']) {
    for (const file of [...filesBelow(folder, '.test.ts'), ...filesBelow(folder, '.test-d.ts')]) {
      for (const [, title = ''] of readFileSync(join(root, file), 'utf8').matchAll(titles))
        covered.add(rowOf(title) ?? 0);
    }
  }
  const rows = Array.from({ length: delivery.last - delivery.first + 1 }, (_, index) => delivery.first + index);
  expect(rows.filter((row) => !covered.has(row))).toEqual([]);
});

import { expect, it } from 'vitest';

import { Counted, type CellSets, mergeSets, takeReports } from '../src/cell-sets.ts';
import { SteadySums } from '../src/steady-sums.ts';

function worker(value: number, type = 'counter'): CellSets {
  const sets: CellSets = new Map();
  const shape = [{ metricName: 'waited_seconds_total' }];
  const cells = [{ labels: { lock_name: 'a' }, values: [value] }];
  const about = { name: 'waited_seconds_total', help: 'Waited.', type, aggregator: 'sum', changesOnly: false };
  takeReports(sets, [{ ...about, shape, cells }]);
  return sets;
}

function valueOf(merged: CellSets): number | null | undefined {
  const [set] = merged.values();
  const [cells] = set?.parts.values() ?? [];
  return [...(cells?.byLabels.values() ?? [])][0]?.values[0];
}

it('a counter does not go back when a worker ends and the same numbers are added in another order', () => {
  const [one, two, three] = [worker(0.1), worker(0.2), worker(0.3)];
  const gone = new Counted(100);
  const sums = new SteadySums();
  const before = mergeSets([one, two, three, gone.sets]);
  sums.steady(before);
  gone.add(one);
  const after = mergeSets([two, three, gone.sets]);
  expect(valueOf(after)).toBeLessThan(valueOf(before) ?? 0);
  sums.steady(after);
  expect(valueOf(after)).toBe(valueOf(before));
});

it('a counter that was reset, and a gauge, go back', () => {
  const sums = new SteadySums();
  for (const [type, less] of [
    ['counter', 1.9],
    ['gauge', 2 - 1e-15],
  ] as const) {
    sums.steady(mergeSets([worker(2, type)]));
    const later = mergeSets([worker(less, type)]);
    sums.steady(later);
    expect(valueOf(later)).toBe(less);
  }
});

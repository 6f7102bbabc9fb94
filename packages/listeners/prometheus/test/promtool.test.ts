import { spawnSync } from 'node:child_process';

import { expect, it } from 'vitest';

import { metrics } from '@lockscope/core';

import { describeWith } from '../../../../test/support/describe-with.ts';
import { begun, FakeProcess, possession } from './fake-process.ts';

/** Everything that a listener can print, hostile names included. */
function app(): FakeProcess {
  const process = new FakeProcess({
    names: [{ name: 'orders/{id}', holderLimit: 1, expectedHoldMs: 1 }],
    caps: { names: 3 },
  });
  for (const lockName of [
    'quote " \\ and\nline end',
    '__proto__',
    'half \ud83d',
    'nul\u0000',
    'x'.repeat(300),
    'one too many',
  ]) {
    process.cycle({ lockName, holdMs: 1e9 });
  }
  const lock = process.hold();
  begun(lock.child('lease.renew')).end('renewed', { details: { utilization: 0.3, roundTripMs: 1, failures: 0 } });
  const acquire = begun(process.begin({ operation: 'a"b' }).child('lock.acquire'));
  acquire.action('acquire.contended', { blocker: { ownerId: 'o', operation: 'a\\b' } });
  begun(acquire.child('storage.acquire')).end('error', { error: new Error('no') });
  process.clock.pass(0.001);
  acquire.end('timeout', { details: { attempts: 2, waitMs: 1e-7, contended: true } });
  lock.end('lost', { details: possession({ holdMs: 1e21 }) });
  process.listener.onFault?.({ listener: 'a\nb', phase: 'on', error: 0, count: 1 });
  return process;
}

/** Two gauges of the catalogue end in what promtool wants to see on histograms only. It takes them all the same. */
const oddNames = Object.values(metrics)
  .filter(({ type, prometheusName }) => type === 'gauge' && prometheusName.endsWith('_count'))
  .map(
    ({ prometheusName }) => `${prometheusName} non-histogram and non-summary metrics should not have "_count" suffix`,
  );

describeWith('promtool', 'what promtool says', ({ promtool }) => {
  it.each([
    ['render()', (process: FakeProcess) => process.listener.render()],
    ['the registry', (process: FakeProcess) => process.registry.metrics()],
  ])('finds nothing wrong with the output of %s', async (_, print) => {
    const input = await print(app());
    expect(input.length).toBeGreaterThan(10_000);
    const { stderr, stdout } = spawnSync(promtool, ['check', 'metrics'], { input, encoding: 'utf8' });
    expect(`${stdout}${stderr}`.split('\n').filter(Boolean).toSorted()).toEqual(oddNames.toSorted());
  });

  it('finds what is wrong', () => {
    const input = app().listener.render().replace('lock_mode="exclusive"', 'lock_mode="a"b"');
    expect(spawnSync(promtool, ['check', 'metrics'], { input, encoding: 'utf8' }).stderr).toContain(
      'error while linting',
    );
  });
});

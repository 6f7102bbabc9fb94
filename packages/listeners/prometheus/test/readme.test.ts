import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { metrics } from '@lockscope/core';

import { withTable } from '../scripts/readme-table.mjs';
import { prometheus, type NameDeclaration } from '../src/index.ts';
import { begun, FakeProcess } from './fake-process.ts';
import { parseText } from './text-format.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

it('the table in the README is that of the catalogue', () => {
  const stale = 'the README is stale: build, then run node packages/listeners/prometheus/scripts/readme-table.mjs';
  expect(readme, stale).toBe(withTable(readme, metrics));
});

it('every metric of the catalogue is in that table', () => {
  for (const { prometheusName } of Object.values(metrics)) expect(readme).toContain(`| \`${prometheusName}\` |`);
});

it('the README says how many lines a name has', async () => {
  const app = new FakeProcess();
  const before = (await app.lines()).length;
  const grown = async (): Promise<number> => (await app.lines()).length - before;
  app.cycle();
  const plain = await grown();
  const contended = app.begin();
  begun(contended.child('lock.acquire')).end('acquired', { details: { attempts: 2, waitMs: 0, contended: true } });
  const waited = await grown();
  begun(contended.child('lease.renew')).end('renewed', { details: { utilization: 0, roundTripMs: 0, failures: 0 } });
  const renewed = await grown();
  expect(readme).toContain(`${plain} lines, ${waited} once there was contention, ${renewed} with renewals`);
});

it('the README says how many lines a declared name has', () => {
  const lines = (names: readonly NameDeclaration[]): number => {
    const listener = prometheus({ registry: false, names });
    return parseText(listener.render()).length;
  };
  const name = 'orders/{id}';
  const none = lines([]);
  const declared = lines([{ name }]) - none;
  const onOneStorage = lines([{ name, system: 'redis' }]) - none - declared;
  const withAll = lines([{ name, holderLimit: 1, expectedHoldMs: 1 }]) - none;
  expect(readme).toContain(
    `a declared name: ${onOneStorage} lines for each kind of storage, and ${declared} to ${withAll} of its own`,
  );
});

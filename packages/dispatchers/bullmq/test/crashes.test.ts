import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { describeWith } from '../../../../test/support/describe-with.ts';
import { startRedis, type RedisTestServer } from '../../../../test/support/servers/redis.ts';
import { bullmqDispatcher } from '../src/index.ts';
import { NodeProcess } from './node-process.ts';

/** Steps that a process makes towards the server with its few events, and how many are tried at a time. */
const lastStep = 40;
/** `EVERY_STEP=1` kills at each; otherwise at every fourth, before and after. */
const stride = process.env['EVERY_STEP'] === '1' ? 1 : 4;
const side = 5;
const eventsOfEach = 4;

const folder = mkdtempSync(join(tmpdir(), 'lockscope-dispatcher-'));
let server: RedisTestServer;

async function until(isSo: () => boolean, withinMs: number, what: () => string): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(what());
    await sleep(10);
  }
}

/** What came of a process that was killed, and of the one that came after it. */
interface Aftermath {
  readonly died: boolean;
  readonly taken: number;
  /** Handled more often than once; each but the first was announced as repeated. */
  readonly duplicates: number;
}

async function killedAt(step: number, after: boolean): Promise<Aftermath> {
  const name = `k${step}-${after ? 'after' : 'before'}`;
  const log = join(folder, name);
  const { port } = server;
  const killed = await NodeProcess.start({ port, name, log, events: eventsOfEach, killAt: { step, after } });
  // It has either died by now or done all it was to do.
  const done = (): boolean => killed.lines('handled').length === 2 * eventsOfEach;
  await Promise.race([killed.gone(), until(done, 30_000, () => `${name} neither died nor ended: ${killed.output}`)]);
  const died = !done() || killed.lines('all').length === 0;
  await killed.kill();
  const times = new Map<string, number>();
  const surprises: string[] = [];
  const count = (handler: string, id: string, repeated: boolean): void => {
    const key = `${handler} ${id}`;
    const before = times.get(key) ?? 0;
    if (before > 0 && !repeated) surprises.push(`${name}: ${key} again, without a word`);
    times.set(key, before + 1);
  };
  for (const [, handler = '', id = '', repeated] of killed.lines('handled')) count(handler, id, repeated === 'true');
  const next = bullmqDispatcher<{ orders: number }>({ connection: { host: '127.0.0.1', port }, name, claimMs: 1_000 });
  for (const handler of ['a', 'b'])
    next.register('orders', (_, { id, repeated }) => count(handler, id, repeated), { name: handler });
  await next.ready();
  const taken = killed.lines('taken').map(([, id]) => id ?? '');
  const missing = (): string[] =>
    taken.flatMap((id) => ['a', 'b'].map((handler) => `${handler} ${id}`)).filter((key) => !times.has(key));
  await until(
    () => missing().length === 0,
    30_000,
    () => `${name}: lost ${missing().join(', ')}`,
  );
  // A claim of the dead one may still stand for something that was handled: it is handled again, within two looks.
  if (died) await sleep(2_500);
  await next.close();
  expect(surprises).toEqual([]);
  expect(killed.lines('fault').filter((line) => !line.join(' ').includes('not at first'))).toEqual([]);
  const duplicates = [...times.values()].reduce((sum, each) => sum + each - 1, 0);
  return { died, taken: taken.length, duplicates };
}

describeWith('redis-server', 'a process that is killed', () => {
  beforeAll(async () => {
    server = await startRedis({ persistent: true });
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test(
    'row 82: kill -9 between any two steps loses nothing, and what is handled again says so',
    { timeout: 300_000 },
    async () => {
      const all: Aftermath[] = [];
      const cases = Array.from({ length: Math.floor(lastStep / stride) }, (_, n) => 1 + n * stride).flatMap((step) =>
        [false, true].map((after) => ({ step, after })),
      );
      for (let n = 0; n < cases.length; n += side)
        all.push(...(await Promise.all(cases.slice(n, n + side).map(({ step, after }) => killedAt(step, after)))));
      const sum = (of: (each: Aftermath) => number): number => all.reduce((total, each) => total + of(each), 0);
      const deaths = sum(({ died }) => (died ? 1 : 0));
      const duplicates = sum((each) => each.duplicates);
      console.log(`${deaths} deaths, ${sum(({ taken }) => taken)} events taken, 0 lost, ${duplicates} handled again`);
      expect(deaths).toBeGreaterThan(cases.length / 3);
      // One process can be in the middle of no more than what it had begun.
      expect(duplicates).toBeLessThanOrEqual(deaths * 2 * eventsOfEach);
    },
  );

  test(
    'row 83: two processes, 1,000 events: no event is handled by two at once, and nobody crashes',
    { timeout: 120_000 },
    async () => {
      const { port } = server;
      // The claim is longer than a busy machine may let a process stand still, and some handlers take longer than that.
      const holdMs = Array.from({ length: 250 }, (_, n) => (n === 7 ? 11_000 : n % 3));
      const shared = { port, name: 'two', events: 500, parallel: 20, claimMs: 5_000, holdMs };
      const nodes = await Promise.all(
        [0, 500].map((from) => NodeProcess.start({ ...shared, from, log: join(folder, `two-${from}`) })),
      );
      const handled = (): number => nodes.reduce((sum, node) => sum + node.lines('handled').length, 0);
      await until(
        () => handled() >= 2_000,
        90_000,
        () => `${handled()} of 2,000 were handled: ${nodes.map(({ output }) => output).join()}`,
      );
      expect(await Promise.all(nodes.map((node) => node.end()))).toEqual([0, 0]);
      expect(nodes.map(({ output }) => output)).toEqual(['', '']);
      const spans = new Map<string, { from: bigint; to: bigint }[]>();
      for (const node of nodes) {
        const begun = new Map<string, bigint>();
        for (const [word, handler, id, at] of [...node.lines('begin'), ...node.lines('end')].toSorted((x, y) =>
          BigInt(x[3] ?? 0) < BigInt(y[3] ?? 0) ? -1 : 1,
        )) {
          const key = `${handler} ${id}`;
          if (word === 'begin') begun.set(key, BigInt(at ?? 0));
          else spans.set(key, [...(spans.get(key) ?? []), { from: begun.get(key) ?? 0n, to: BigInt(at ?? 0) }]);
        }
      }
      expect(spans.size).toBe(2_000);
      const overlapping = [...spans].filter(([, list]) => {
        const sorted = list.toSorted((x, y) => (x.from < y.from ? -1 : 1));
        return sorted.some(({ from }, n) => n > 0 && from < (sorted[n - 1]?.to ?? 0n));
      });
      expect(overlapping).toEqual([]);
      expect(handled()).toBe(2_000);
      // Both took part.
      for (const node of nodes) expect(node.lines('handled').length).toBeGreaterThan(100);
    },
  );
});

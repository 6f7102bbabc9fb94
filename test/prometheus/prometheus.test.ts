import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { describeWith } from '../support/describe-with.ts';
import { type PrometheusTestServer, startPrometheus } from '../support/servers/prometheus.ts';
import { sourceProgram } from '../support/source-program.ts';
import { askFor, exemplarsOf, numberOf, seriesOf, statesOf } from './ask.ts';
import { type Query, panelQueries, ruleQueries, rulesTexts, variableQueries } from './queries.ts';

// A real Prometheus scrapes two services that contend for locks, and has to have an answer to everything that the
// dashboards, rules and alerts of both namings ask.

const namings = { 'prom-client': '/metrics', otel: '/otel' } as const;
const services = ['api', 'worker'] as const;
/** The first scrape comes about five seconds after the start; rates need some more. */
const scrapedMs = 32_000;

/** Alerts that have nothing to say of what these services do, and why. */
const quietAlerts: Readonly<Record<string, string>> = {
  LockDualHolder: 'there never are two holders, which is what locks are for',
  LockLeaseMarginLow: 'leases are renewed after a third',
  LockWaiterStuck: 'nobody waits for a minute here',
  LockHeldTooLong: 'no declared lock is held for longer than declared',
  LockSaturated: 'there is one caller a service for the lock with one key, so no more than one waits',
  LockConvoy: 'a storage in a file hands over sooner than the locks are held for',
};

/** Panels that have nothing to show, and why. */
const emptyPanels: Readonly<Record<keyof typeof namings, Readonly<Record<string, string>>>> = {
  'prom-client': {},
  otel: {
    'Locks / Safety of leases > Event loop and garbage collection of the processes A':
      'the metrics of the process come from another package, which these services do not have',
    'Locks / Safety of leases > Event loop and garbage collection of the processes B': 'the same',
  },
};

describeWith('prometheus', 'a real Prometheus that scrapes locks', () => {
  let folder: string;
  const processes: ChildProcess[] = [];
  const servers = new Map<string, PrometheusTestServer>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lockscope-scraped-'));
    const program = await sourceProgram(new URL('./workload.ts', import.meta.url));
    const targets = await Promise.all(
      services.map(async (job) => {
        const child = fork(program, [job, join(folder, 'locks.db')], { execArgv: ['--no-warnings'] });
        processes.push(child);
        const ended = once(child, 'exit').then(([code]) => {
          throw new Error(`the service ${job} ended with ${String(code)}`);
        });
        const [port] = (await Promise.race([once(child, 'message'), ended])) as [number];
        return { job, address: `127.0.0.1:${port}` };
      }),
    );
    for (const [naming, path] of Object.entries(namings)) {
      const scraped = targets.map((target) => ({ ...target, path }));
      servers.set(naming, await startPrometheus({ targets: scraped, rules: rulesTexts(naming) }));
    }
    await pause(scrapedMs);
  }, 120_000);

  afterAll(async () => {
    for (const child of processes) child.kill('SIGKILL');
    for (const server of servers.values()) await server.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const urlOf = (naming: string): string => servers.get(naming)?.url ?? '';

  describe.each(Object.keys(namings) as (keyof typeof namings)[])('in the naming of %s', (naming) => {
    it('takes the metrics of both services', async () => {
      expect(await numberOf(urlOf(naming), 'sum(up)')).toBe(services.length);
      expect(services.every((_, index) => processes[index]?.exitCode === null)).toBe(true);
    });

    const panels = panelQueries(naming);
    it.each(panels.map((query) => [query.where, query] as const))('%s', async (where, { expr }) => {
      const answer = await askFor(urlOf(naming), expr);
      if (emptyPanels[naming][where] === undefined) expect(answer, expr).not.toEqual([]);
      else expect(answer, 'it is no longer empty: take it off the list').toEqual([]);
    });

    it.each(variableQueries(naming).map((query) => [query.where, query] as const))('%s', async (_, query) => {
      const values = (await seriesOf(urlOf(naming), query.series)).map((labels) => labels[query.label]);
      expect(new Set(values)).toContain(query.label === 'job' ? 'worker' : 'orders/{id}');
    });

    const rules: readonly Query[] = ruleQueries(rulesTexts(naming));
    it.each(rules.map((query) => [query.where, query] as const))('%s', async (where, { expr }) => {
      const answer = await askFor(urlOf(naming), expr);
      if (quietAlerts[where] === undefined) expect(answer, expr).not.toEqual([]);
    });

    it('evaluates every rule without a complaint', async () => {
      const states = await statesOf(urlOf(naming));
      expect(states.map(({ name }) => name).toSorted()).toEqual(rules.map(({ where }) => where).toSorted());
      // On a machine that is busy it may evaluate a rule twice for one second, and complains about the second time.
      const complaints = async (): Promise<string[]> =>
        (await statesOf(urlOf(naming)))
          .filter(({ health }) => health !== 'ok')
          .map(({ name, health, lastError }) => `${name}: ${health} ${lastError}`);
      await expect.poll(complaints, { timeout: 10_000, interval: 500 }).toEqual([]);
    });

    it('tells of the alerts that it has to tell of', async () => {
      const firing = await askFor(urlOf(naming), 'ALERTS{alertstate="firing"}');
      const names = new Set(firing.map(({ alertname }) => alertname));
      const alerts = rules.map(({ where }) => where).filter((name) => name.startsWith('Lock'));
      expect(alerts.filter((name) => !names.has(name) && quietAlerts[name] === undefined)).toEqual([]);
    });

    it('charges all waiting to somebody, and no more than there was', async () => {
      const suffix = naming === 'prom-client' ? '_seconds' : '';
      const waited = `sum(lock_acquire_duration${suffix}_sum{lock_contended="true"})`;
      const charged = `sum(lock_blocked_time${suffix}_total)`;
      expect(await numberOf(urlOf(naming), waited)).toBeGreaterThan(1);
      expect(await numberOf(urlOf(naming), `${charged} / ${waited}`)).toBeCloseTo(1, 1);
    });
  });

  it('has exemplars from a wait to both traces: who waited, and who blocked', async () => {
    const heatmap = panelQueries('prom-client').find(({ where }) => where.endsWith('One lock > Time of waiting A'));
    const found = await exemplarsOf(urlOf('prom-client'), heatmap?.expr ?? '');
    const both = found.filter((labels) => labels['trace_id'] !== undefined && labels['blocker_trace_id'] !== undefined);
    expect(both).not.toEqual([]);
    for (const { trace_id: waiter, blocker_trace_id: blocker } of both) {
      expect([waiter, blocker]).toEqual([
        expect.stringMatching(/^[0-9a-f]{32}$/),
        expect.stringMatching(/^[0-9a-f]{32}$/),
      ]);
      expect(waiter).not.toBe(blocker);
    }
  });
});

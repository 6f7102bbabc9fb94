import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { generatedFiles, withAlerts } from '../scripts/generated-files.mjs';
import * as dashboards from '../src/index.ts';

const root = new URL('../', import.meta.url);
const files = generatedFiles(dashboards);

describe('the generated files', () => {
  it.each(Object.keys(files))('%s is current; if not: pnpm --filter @lockscope/dashboards generate', (path) => {
    expect(existsSync(new URL(path, root)), `${path} is missing`).toBe(true);
    expect(readFileSync(new URL(path, root), 'utf8')).toBe(files[path]);
  });

  it('are told of in the README; if not: pnpm --filter @lockscope/dashboards generate', () => {
    const readme = readFileSync(new URL('README.md', root), 'utf8');
    expect(withAlerts(readme, dashboards)).toBe(readme);
    expect(readme).toContain('[LockLeaseLost](runbooks/LockLeaseLost.md)');
  });

  it('are all that there is: nothing is left of earlier ones', () => {
    const found = Object.keys(dashboards.namings).flatMap((naming) =>
      readdirSync(new URL(naming, root), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => `${entry.parentPath}/${entry.name}`.slice(fileURLToPath(root).length)),
    );
    expect(found.toSorted()).toEqual(Object.keys(files).toSorted());
  });

  it('are laid out as a mixin, and the mixin has every dashboard', () => {
    for (const naming of Object.keys(dashboards.namings)) {
      const mixin = files[`${naming}/mixin.libsonnet`] ?? '';
      const imported = [...mixin.matchAll(/import(?:str)? '([^']+)'/g)].map(([, path]) => `${naming}/${path}`);
      expect(imported.toSorted()).toEqual(
        Object.keys(files)
          .filter((path) => path.startsWith(`${naming}/`) && /\/(?:rules|alerts|dashboards)\/.*\.json$/.test(path))
          .toSorted(),
      );
    }
  });

  it('are rules files as Prometheus wants them', () => {
    for (const [path, text] of Object.entries(files).filter(([one]) => /\/(?:rules|alerts)\/.*yaml$/.test(one))) {
      expect(Object.keys(parse(text) as object), path).toEqual(['groups']);
      expect(parse(text), path).toEqual(JSON.parse(files[path.replace('.yaml', '.json')] ?? ''));
    }
  });
});

describe('a team that makes its own', () => {
  it('can give a naming, and where its runbooks are', () => {
    const naming: dashboards.Naming = {
      name: 'acme',
      metric: (name) => `acme_${name.replaceAll('.', ':')}`,
      runtime: { eventLoopDelayP99: 'acme_loop', gcTime: 'acme_gc' },
    };
    const { rules } = dashboards.alerts({ naming, runbooks: 'https://wiki.acme.test/locks' });
    const lost = rules.find(({ alert }) => alert === 'LockLeaseLost');
    expect(lost?.expr).toContain('increase(acme_lock:lease:lost[10m])');
    expect(lost?.annotations.runbook_url).toBe('https://wiki.acme.test/locks/LockLeaseLost.md');
    const [overview] = dashboards.dashboards({ naming });
    expect(overview?.uid).toBe('lockscope-acme-overview');
    expect(JSON.stringify(overview)).toContain('acme_lock:lease:lost');
  });

  it('is told which namings there are when it asks for another', () => {
    const other = { naming: 'statsd' as 'otel' };
    for (const make of [dashboards.alerts, dashboards.rules, dashboards.dashboards])
      expect(() => make(other)).toThrow('naming must be prom-client, otel or one of your own, got statsd');
  });

  it('gets the naming of prom-client when it says nothing', () => {
    expect(dashboards.rules()).toEqual(dashboards.rules({ naming: 'prom-client' }));
    expect(dashboards.alerts()).toEqual(dashboards.alerts({ naming: dashboards.namings['prom-client'] }));
  });
});

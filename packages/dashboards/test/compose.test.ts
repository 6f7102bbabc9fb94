import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { describeWith } from '../../../test/support/describe-with.ts';
import { dashboards } from '../src/index.ts';

// There is no Docker where these tests run: the files are read, and what they say of each other is compared.

const folder = fileURLToPath(new URL('../compose/', import.meta.url));
const read = (file: string): unknown => parse(readFileSync(join(folder, file), 'utf8'));

interface Service {
  readonly image: string;
  readonly volumes: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

interface Datasource {
  readonly uid: string;
  readonly type: string;
  readonly url: string;
  readonly jsonData?: { readonly exemplarTraceIdDestinations: readonly { name: string; datasourceUid: string }[] };
}

const compose = read('compose.yaml') as {
  services: Readonly<Record<string, Service>>;
  volumes: Readonly<Record<string, unknown>>;
};
const services = Object.entries(compose.services);

describe('the compose file', () => {
  it('has Prometheus, Grafana and a store of traces, in versions that are said', () => {
    expect(services.map(([name]) => name)).toEqual(['prometheus', 'tempo', 'grafana']);
    for (const [name, { image }] of services) expect(image, name).toMatch(/^[a-z]+\/[a-z]+:v?\d+\.\d+\.\d+$/);
  });

  it.each(services)('mounts for %s only what is there', (_, { volumes }) => {
    for (const volume of volumes) {
      const [from = '', to = ''] = volume.split(':');
      expect(to.startsWith('/')).toBe(true);
      if (from.startsWith('.')) expect(existsSync(join(folder, from)), from).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(from);
    }
  });

  it.each(services)(
    'gives %s no configuration that is not mounted',
    (_, { command = [], environment = {}, volumes }) => {
      const targets = volumes.map((volume) => volume.split(':')[1] ?? '');
      const named = [...command, ...Object.values(environment)]
        .map((text) => text.replace(/^-+[\w.]+=/, ''))
        .filter((text) => text.startsWith('/etc/'));
      for (const path of named)
        expect(targets.some((target) => path === target || dirname(path) === target)).toBe(true);
    },
  );

  it('keeps everything on this machine', () => {
    const listening = [...(compose.services['prometheus']?.command ?? [])].find((one) =>
      one.includes('listen-address'),
    );
    expect(listening).toContain('=127.0.0.1:');
    expect(compose.services['grafana']?.environment?.['GF_SERVER_HTTP_ADDR']).toBe('127.0.0.1');
    expect(readFileSync(join(folder, 'tempo.yml'), 'utf8')).not.toMatch(/(?:0\.0\.0\.0|endpoint: :)/);
  });

  it('opens with a dashboard that there is', () => {
    const home = compose.services['grafana']?.environment?.['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH'] ?? '';
    expect(dashboards().map(({ uid }) => `/etc/lockscope/dashboards/${uid}.json`)).toContain(home);
  });
});

describe('what Grafana is given', () => {
  const { datasources } = read('grafana/provisioning/datasources/lockscope.yaml') as {
    datasources: readonly Datasource[];
  };

  it('leads from an exemplar to the trace of the waiter and to that of the blocker', () => {
    const [prometheus] = datasources.filter(({ type }) => type === 'prometheus');
    const targets = prometheus?.jsonData?.exemplarTraceIdDestinations ?? [];
    expect(targets.map(({ name }) => name)).toEqual(['trace_id', 'blocker_trace_id']);
    const stores = datasources.filter(({ type }) => type === 'tempo').map(({ uid }) => uid);
    for (const { datasourceUid } of targets) expect(stores).toContain(datasourceUid);
  });

  it('asks where the others listen', () => {
    const tempo = (read('tempo.yml') as { server: { http_listen_address: string; http_listen_port: number } }).server;
    const flags = compose.services['prometheus']?.command?.join(' ');
    expect(datasources.map(({ url }) => url)).toEqual([
      `http://${/listen-address=(\S+)/.exec(flags ?? '')?.[1]}`,
      `http://${tempo.http_listen_address}:${tempo.http_listen_port}`,
    ]);
  });

  it('finds the dashboards where they are mounted', () => {
    const { providers } = read('grafana/provisioning/dashboards/lockscope.yaml') as {
      providers: readonly { options: { path: string } }[];
    };
    const mounted = compose.services['grafana']?.volumes.map((volume) => volume.split(':')[1]);
    for (const { options } of providers) expect(mounted).toContain(options.path);
  });
});

describeWith('promtool', 'what Prometheus is given', ({ promtool }) => {
  it('is a configuration that it takes, with the rules of this package', () => {
    const own = mkdtempSync(join(tmpdir(), 'lockscope-compose-'));
    try {
      const text = readFileSync(join(folder, 'prometheus.yml'), 'utf8');
      const rules = fileURLToPath(new URL('../prom-client', import.meta.url));
      const file = join(own, 'prometheus.yml');
      writeFileSync(file, text.replaceAll('/etc/prometheus/lockscope', rules));
      const said = execFileSync(promtool, ['check', 'config', file], { encoding: 'utf8' });
      expect(said.match(/SUCCESS: \d+ rules found/g)).toHaveLength(2);
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
  });
});

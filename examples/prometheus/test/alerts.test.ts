import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, expect, it } from 'vitest';

import { describeWith } from '../../../test/support/describe-with.ts';
import { freePort } from '../../../test/support/servers/ports.ts';
import { type PrometheusTestServer, startPrometheus } from '../../../test/support/servers/prometheus.ts';

const config = fileURLToPath(new URL('../prometheus.yml', import.meta.url));
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

describeWith('prometheus', 'the example beside a Prometheus', () => {
  let program: ChildProcess | undefined;
  let server: PrometheusTestServer | undefined;

  afterAll(async () => {
    program?.kill('SIGKILL');
    await server?.stop();
  });

  it('loses a lock, and the alert of the rules that its prometheus.yml names fires', async () => {
    const rules = [...readFileSync(config, 'utf8').matchAll(/^ {2}- (\.\.\/\S+)\*\.yaml$/gm)].map(([, folder = '']) =>
      readFileSync(join(dirname(config), folder, 'lockscope.yaml'), 'utf8'),
    );
    expect(rules).toHaveLength(2);
    const port = await freePort();
    program = spawn(process.execPath, ['--no-warnings', main, '--serve', String(port)], { stdio: 'ignore' });
    server = await startPrometheus({ targets: [{ job: 'example', address: `127.0.0.1:${port}` }], rules });
    const url = `${server.url}/api/v1/alerts`;
    const firing = async (): Promise<unknown> => {
      const { data } = (await (await fetch(url)).json()) as { data: { alerts: { labels: object; state: string }[] } };
      return data.alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels);
    };
    expect(await firing()).toEqual([]);
    await expect.poll(firing, { timeout: 40_000, interval: 500 }).toEqual([
      {
        alertname: 'LockLeaseLost',
        severity: 'critical',
        job: 'example',
        lock_name: 'orders/{id}',
        lock_lost_reason: 'forced',
      },
    ]);
  }, 60_000);
});

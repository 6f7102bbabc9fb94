import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type TestServer, startServer } from './server.ts';

/** A Prometheus of its own for a test. */
export interface PrometheusTestServer extends TestServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
}

/** What it scrapes, and what it makes of it. */
export interface PrometheusTestOptions {
  /** Where to scrape: a job each. */
  readonly targets: readonly { readonly job: string; readonly address: string; readonly path?: string }[];
  /** Texts of rules files. */
  readonly rules?: readonly string[];
  /** How often it scrapes and evaluates rules, in seconds. Default 1. */
  readonly everySeconds?: number;
}

/** Starts a Prometheus on a free port. It scrapes for the first time about five seconds after its start. */
export async function startPrometheus(options: PrometheusTestOptions): Promise<PrometheusTestServer> {
  const { targets, rules = [], everySeconds = 1 } = options;
  const server = await startServer({
    tool: 'prometheus',
    prepare: async ({ folder }) => {
      const ruleFiles = rules.map((_, index) => join(folder, `rules-${index}.yaml`));
      for (const [index, text] of rules.entries()) writeFileSync(ruleFiles[index] ?? '', text);
      // JSON is YAML.
      const config = {
        global: { scrape_interval: `${everySeconds}s`, evaluation_interval: `${everySeconds}s` },
        rule_files: ruleFiles,
        scrape_configs: targets.map(({ job, address, path = '/metrics' }) => ({
          job_name: job,
          metrics_path: path,
          scrape_timeout: `${everySeconds}s`,
          static_configs: [{ targets: [address] }],
        })),
      };
      writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
    },
    arguments: ({ folder, port }) => [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
      '--log.level=warn',
    ],
    isReady: async ({ port }) => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok,
  });
  return Object.assign(server, { url: `http://127.0.0.1:${server.port}` });
}

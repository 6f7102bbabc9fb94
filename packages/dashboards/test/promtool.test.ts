import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';

import { describeWith } from '../../../test/support/describe-with.ts';
import { alerts, namings, rules, type NamingName } from '../src/index.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const both = Object.keys(namings) as NamingName[];

interface Rule {
  readonly alert: string;
  readonly expr: string;
}

interface RuleTest {
  readonly name: string;
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

function testsOf(naming: NamingName): readonly RuleTest[] {
  return (parse(readFileSync(join(root, naming, 'tests/lockscope.yaml'), 'utf8')) as { tests: RuleTest[] }).tests;
}

describe.each(both)('the rule tests of %s', (naming) => {
  it.each(alerts().rules.map(({ alert }) => alert))('see %s fire, and see it silent', (alert) => {
    const moments = testsOf(naming)
      .flatMap((test) => test.alert_rule_test)
      .filter(({ alertname }) => alertname === alert);
    expect(moments.some(({ exp_alerts }) => exp_alerts.length > 0)).toBe(true);
    expect(moments.some(({ exp_alerts }) => exp_alerts.length === 0)).toBe(true);
  });
});

describeWith('promtool', 'what promtool says', ({ promtool }) => {
  // It is quick; a machine that is busy with something else is not.
  vi.setConfig({ testTimeout: 60_000 });
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lockscope-rules-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each(both)('the rules and alerts of %s are valid', (naming) => {
    const files = ['rules', 'alerts'].map((kind) => join(root, naming, kind, 'lockscope.yaml'));
    const output = execFileSync(promtool, ['check', 'rules', ...files], { encoding: 'utf8' });
    const counts = [...output.matchAll(/SUCCESS: (\d+) rules found/g)].map(([, count]) => Number(count));
    expect(counts).toEqual([rules().rules.length, alerts().rules.length]);
  });

  it.each(both)('every alert of %s fires when it has to, and not otherwise', (naming) => {
    const { status, stdout, stderr } = testRules(join(root, naming));
    expect(`${stdout}${stderr}`).toContain('SUCCESS');
    expect(status).toBe(0);
  });

  it('the tests see when an alert can never fire', () => {
    const failed = testWith(({ expr }) => `(${expr}) and vector(0) > 1`);
    for (const { alert } of alerts().rules) expect(failed).toContain(`alertname: ${alert}`);
  });

  it('the tests see when an alert fires whatever happens', () => {
    const failed = testWith(() => 'vector(1) == 1');
    for (const { alert } of alerts().rules) expect(failed).toContain(`alertname: ${alert}`);
  });

  it('the tests see when a first loss ever is not told', () => {
    const failed = testWith(({ alert, expr }) =>
      alert === 'LockLeaseLost'
        ? 'sum by (job, lock_name, lock_lost_reason) (increase(lock_lease_lost_total[10m]) > 0)'
        : expr,
    );
    expect(failed).toContain('the first time ever');
    expect(failed.match(/alertname: (?!LockLeaseLost)/)).toBeNull();
  });

  /** What the tests say when the expressions of alerts are changed. */
  function testWith(changed: (rule: Rule) => string): string {
    cpSync(join(root, 'prom-client'), folder, { recursive: true });
    const file = join(folder, 'alerts/lockscope.yaml');
    const parsed = parse(readFileSync(file, 'utf8')) as { groups: { rules: Rule[] }[] };
    const groups = parsed.groups.map((group) => ({
      ...group,
      rules: group.rules.map((rule) => ({ ...rule, expr: changed(rule) })),
    }));
    writeFileSync(file, stringify({ groups }));
    const { status, stdout, stderr } = testRules(folder);
    expect(status).toBe(1);
    return `${stdout}${stderr}`;
  }

  function testRules(dir: string): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(promtool, ['test', 'rules', 'tests/lockscope.yaml'], { cwd: dir, encoding: 'utf8' });
  }
});

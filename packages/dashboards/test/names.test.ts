import { metrics, type MetricName } from '@lockscope/core';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { describe, expect, it } from 'vitest';

import { alerts, dashboards, namings, recorded, rules, type NamingName } from '../src/index.ts';
import { expressionsOf } from './expressions.ts';

const all = Object.keys(metrics) as MetricName[];
const both = Object.keys(namings) as NamingName[];
const parts = ['', '_bucket', '_sum', '_count'];

describe.each(both)('the names that the files of %s use', (naming) => {
  const { runtime } = namings[naming];
  const metric = (name: MetricName): string => namings[naming].metric(name, metrics[name]);
  const exported = new Map(
    all.flatMap((name) => {
      const suffixes = metrics[name].type === 'histogram' ? parts.slice(1) : [''];
      return suffixes.map((suffix) => [`${metric(name)}${suffix}`, name] as const);
    }),
  );
  const expressions = [
    ...rules({ naming }).rules.map(({ expr }) => expr),
    ...alerts({ naming }).rules.map(({ expr }) => expr),
    ...dashboards({ naming }).flatMap(expressionsOf),
  ];
  const used = new Set(expressions.flatMap(metricsIn));

  it('are all in the catalogue, recorded, or of the process', () => {
    const known = new Set([...exported.keys(), ...Object.values(recorded), ...Object.values(runtime)]);
    expect([...used].filter((name) => !known.has(name))).toEqual([]);
  });

  it('are all that the catalogue has', () => {
    const shown = new Set([...used].map((name) => exported.get(name)));
    expect(all.filter((name) => !shown.has(name))).toEqual([]);
  });

  it('are all that is recorded', () => {
    expect(Object.values(recorded).filter((name) => !used.has(name))).toEqual([]);
    expect(rules({ naming }).rules.map(({ record }) => record)).toEqual(Object.values(recorded));
  });

  it('have only labels that the catalogue gives them', () => {
    const labels = new Set(all.flatMap((name) => metrics[name].labels.map((label) => label.replaceAll('.', '_'))));
    const allowed = new Set([...labels, 'job', 'instance', 'le', 'tmp']);
    const asked = expressions.flatMap((expr) => [
      ...[...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/)),
      ...[...expr.matchAll(/(\w+)\s*(?:=~|!=|!~|=)\s*"/g)].map(([, label = '']) => label),
    ]);
    expect([...new Set(asked)].filter((label) => !allowed.has(label))).toEqual([]);
  });
});

describe('a name of the wrong kind', () => {
  it('would be seen', () => {
    expect(
      metricsIn('sum by (job) (rate(lock_hold_seconds_count{job=~"$job", a="b"}[5m])) / on (x) vector(1)'),
    ).toEqual(['lock_hold_seconds_count']);
  });
});

describe('the naming of OpenTelemetry', () => {
  it('is that of its Prometheus exporter', async () => {
    const reader = new OnDemand();
    const meter = new MeterProvider({ readers: [reader] }).getMeter('lockscope');
    for (const name of all) {
      const { type, unit } = metrics[name];
      if (type === 'histogram') meter.createHistogram(name, { unit }).record(1);
      else if (type === 'counter') meter.createCounter(name, { unit }).add(1);
      else meter.createUpDownCounter(name, { unit }).add(1);
    }
    const { resourceMetrics } = await reader.collect();
    const text = new PrometheusSerializer().serialize(resourceMetrics);
    const exported = [...text.matchAll(/^# TYPE (\w+) /gm)]
      .map(([, name]) => name)
      .filter((name) => name !== 'target_info');
    expect(exported.toSorted()).toEqual(all.map((name) => namings.otel.metric(name, metrics[name])).toSorted());
  });
});

class OnDemand extends MetricReader {
  override selectAggregationTemporality(): AggregationTemporality {
    return AggregationTemporality.CUMULATIVE;
  }
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** The metrics in an expression: its words, without texts, labels, ranges, functions and what PromQL means itself. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(?:by|on|ignoring|without)\s*\([^)]*\)/g, '')
    .replaceAll(/\boffset \w+/g, '');
  const words = [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\w*\s*\()/g)].map(([word]) => word);
  return words.filter((word) => !['and', 'or', 'unless', 'bool'].includes(word) && !/^(?:e|Inf|NaN)$/.test(word));
}

import { expect } from 'vitest';

/** Every sample by its name and labels. */
export type Samples = ReadonlyMap<string, number>;

const label = /[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*"/.source;
const sample = new RegExp(`^([a-zA-Z_:][\\w:]*)(\\{${label}(?:,${label})*\\})? (-?\\d\\S*|NaN|[+-]Inf)$`);

/** Reads Prometheus' text format as strictly as promtool does, and checks what a scrape relies on. */
export function readMetrics(text: string): Samples {
  expect(text.endsWith('\n'), 'the last line ends').toBe(true);
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const closed = new Set<string>();
  let family = '';
  for (const line of text.split('\n')) {
    const [, keyword, about = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (line === '') continue;
    if (keyword === undefined) {
      const match = sample.exec(line);
      expect(match, `a sample: ${line}`).not.toBeNull();
      const [, name = '', labels = '', value = ''] = match ?? [];
      expect(familyOf(name, types), `${name} stands with its family`).toBe(family);
      expect(samples.has(name + labels), `told once: ${name}${labels}`).toBe(false);
      samples.set(name + labels, Number(value.replace('Inf', 'Infinity')));
      continue;
    }
    if (about !== family) {
      expect(closed.has(about), `${about} is in one piece`).toBe(false);
      closed.add(family);
      family = about;
    }
    if (keyword === 'HELP') helped.add(about);
    else types.set(about, rest);
  }
  for (const [name, type] of types) {
    expect(helped).toContain(name);
    expect(['counter', 'gauge', 'histogram']).toContain(type);
    if (type === 'counter') expect(name).toMatch(/_total$/);
    if (type === 'histogram') checkHistogram(name, samples);
  }
  return samples;
}

/** The sum of all samples of one name whose labels have that text in them. */
export function total(samples: Samples, name: string, having = ''): number {
  let sum = 0;
  for (const [series, value] of samples)
    if (series.replace(/\{.*/s, '') === name && series.includes(having)) sum += value;
  return sum;
}

function familyOf(name: string, types: ReadonlyMap<string, string>): string {
  const base = name.replace(/_(?:bucket|sum|count)$/, '');
  return types.get(base) === 'histogram' ? base : name;
}

function checkHistogram(name: string, samples: Samples): void {
  const buckets = new Map<string, number[]>();
  for (const [series, value] of samples) {
    if (!series.startsWith(`${name}_bucket{`)) continue;
    const rest = series
      .slice(`${name}_bucket`.length)
      .replace(/le="[^"]*",?/, '')
      .replace(/,\}$/, '}')
      .replace('{}', '');
    buckets.set(rest, [...(buckets.get(rest) ?? []), value]);
    if (!series.includes('le="+Inf"')) continue;
    expect(samples.get(`${name}_count${rest}`), `${series} is the count`).toBe(value);
    expect(samples.has(`${name}_sum${rest}`), `${series} has a sum`).toBe(true);
  }
  for (const [series, values] of buckets)
    expect(values, `${name}${series} rises`).toEqual(values.toSorted((a, b) => a - b));
}

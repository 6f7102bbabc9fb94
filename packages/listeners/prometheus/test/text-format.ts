/** One line of Prometheus' text format. */
export interface Line {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:\\[\\n"]|[^\\\n"])*)"(,|(?=\}))/;

/** Reads text format 0.0.4, and throws on everything that a strict reader would not take: no line may come twice. */
export function parseText(text: string): Line[] {
  if (!text.endsWith('\n')) throw new Error('the text does not end with a line end');
  const seen = new Set<string>();
  const typed = new Map<string, string>();
  return text.split('\n').flatMap((line) => {
    if (line === '' || line.startsWith('# HELP ')) return [];
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (type !== null) {
      if (typed.has(type[1] ?? '')) throw new Error(`a second TYPE for ${type[1]}`);
      typed.set(type[1] ?? '', type[2] ?? '');
      return [];
    }
    const parsed = parseLine(line);
    const family = parsed.name.replace(/_(?:bucket|sum|count)$/, '');
    if (!typed.has(parsed.name) && typed.get(family) !== 'histogram') throw new Error(`no TYPE before: ${line}`);
    const series = JSON.stringify([parsed.name, ...Object.entries(parsed.labels).map(String).toSorted()]);
    if (seen.has(series)) throw new Error(`twice: ${line}`);
    seen.add(series);
    return [parsed];
  });
}

function parseLine(line: string): Line {
  const name = metricName.exec(line)?.[0] ?? '';
  let rest = line.slice(name.length);
  const labels: Record<string, string> = Object.create(null) as Record<string, string>;
  if (rest.startsWith('{')) {
    rest = rest.slice(1);
    while (!rest.startsWith('}')) {
      const match = label.exec(rest);
      if (match === null) throw new Error(`not a label: ${rest}`);
      const [all, key = '', value = ''] = match;
      if (key in labels) throw new Error(`label ${key} twice: ${line}`);
      labels[key] = value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
      rest = rest.slice(all.length);
    }
    rest = rest.slice(1);
  }
  const value = rest.trim() === '' ? Number.NaN : Number(rest.replace('+Inf', 'Infinity'));
  if (name === '' || Number.isNaN(value)) throw new Error(`not a line: ${line}`);
  return { name, labels: { ...labels }, value };
}

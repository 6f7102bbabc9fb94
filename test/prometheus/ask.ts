type Labels = Readonly<Record<string, string>>;

interface Series {
  readonly metric: Labels;
  readonly values?: readonly (readonly [number, string])[];
  readonly value?: readonly [number, string];
}

const lookBackSeconds = 15;

/** The labels of every series with a number in the last seconds. Rejects with what Prometheus complains about. */
export async function askFor(url: string, expr: string): Promise<Labels[]> {
  const end = Date.now() / 1000;
  const range = { start: String(end - lookBackSeconds), end: String(end), step: '1' };
  const { result } = await get<{ result: Series[] }>(url, 'query_range', { query: expr, ...range });
  return result
    .filter(({ values = [] }) => values.some(([, value]) => Number.isFinite(Number(value))))
    .map(({ metric }) => metric);
}

/** The one number that an expression gives now. */
export async function numberOf(url: string, expr: string): Promise<number> {
  const { result } = await get<{ result: Series[] }>(url, 'query', { query: expr });
  return Number(result[0]?.value?.[1]);
}

/** The labels of every series that a selector selects. */
export function seriesOf(url: string, selector: string): Promise<Labels[]> {
  return get<Labels[]>(url, 'series', { 'match[]': selector });
}

/** The labels of every exemplar of the series in an expression. */
export async function exemplarsOf(url: string, expr: string): Promise<Labels[]> {
  const end = Date.now() / 1000;
  const found = await get<{ exemplars: { labels: Labels }[] }[]>(url, 'query_exemplars', {
    query: expr,
    start: String(end - 60),
    end: String(end),
  });
  return found.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels));
}

/** How each rule is doing. */
export async function statesOf(
  url: string,
): Promise<{ readonly name: string; readonly health: string; readonly lastError: string }[]> {
  const { groups } = await get<{ groups: { rules: { name: string; health: string; lastError?: string }[] }[] }>(
    url,
    'rules',
    {},
  );
  return groups.flatMap(({ rules }) => rules.map(({ name, health, lastError = '' }) => ({ name, health, lastError })));
}

async function get<Data>(url: string, what: string, parameters: Readonly<Record<string, string>>): Promise<Data> {
  const response = await fetch(`${url}/api/v1/${what}?${new URLSearchParams(parameters).toString()}`);
  const answer = (await response.json()) as { status: string; data: Data; error?: string };
  if (answer.status !== 'success') throw new Error(`${answer.error}: ${parameters['query'] ?? what}`);
  return answer.data;
}

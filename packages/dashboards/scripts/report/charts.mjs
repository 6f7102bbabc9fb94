// Draws what a panel has to show: SVG for what changes over time, HTML for numbers and tables.
import { View, parse } from 'vega';
import { compile } from 'vega-lite';

import { labelTitles } from '../../dist/board.js';

/**
 * @typedef {import('./prometheus.mjs').Answered} Answered
 * @typedef {import('./prometheus.mjs').Series} Series
 * @typedef {import('../../src/board.ts').Unit} Unit
 */

const height = 190;
/** A legend with more would leave no room for the chart. */
const mostNames = 8;
/** Colours that people with colour blindness can tell apart (Okabe and Ito), and some more. */
const colours =
  '#0072b2 #e69f00 #009e73 #cc79a7 #d55e00 #56b4e9 #8c6d31 #7b4173 #999999 #4b6b2f #1b9e9e #b15928 #6a5acd #c2a500'.split(
    ' ',
  );

/** The colours of one board: a name has the same one in all its panels. */
export class Palette {
  /** @type {Map<string, string>} */
  #of = new Map();

  /** @param {readonly string[]} names */
  scale(names) {
    for (const name of names) {
      if (!this.#of.has(name)) this.#of.set(name, colours[this.#of.size % colours.length] ?? '');
    }
    return { domain: names, range: names.map((name) => this.#of.get(name)) };
  }
}

/** What a value is written as, in the expressions of Vega. @type {Readonly<Record<Unit, string>>} */
const axisText = {
  s: "datum.value === 0 ? '0' : abs(datum.value) < 1 ? format(datum.value * 1000, '~r') + ' ms' : format(datum.value, '~r') + ' s'",
  ops: "format(datum.value, '~r') + '/s'",
  percentunit: "format(datum.value, '.0%')",
  short: "format(datum.value, '~r')",
};

/**
 * @param {Answered} answered
 * @param {number} width
 * @param {Palette} palette
 * @returns {Promise<string>}
 */
export async function draw(answered, width, palette) {
  const { panel, answers } = answered;
  if (panel.kind === 'number') return number(answered);
  if (answers.flat().every(({ points }) => points.every(([, value]) => !(value > 0))))
    return '<p class="nothing">nothing happened</p>';
  switch (panel.kind) {
    case 'table':
      return table(answered);
    case 'bars':
      return svg(bars(answered, width, palette));
    case 'heatmap':
      return svg(heatmap(answered, width));
    case 'timeline':
      return svg(timeline(answered, width));
    default:
      return svg(overTime(answered, width, palette));
  }
}

/** @param {unknown} value */
export function escape(value) {
  return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** @param {object} spec */
async function svg(spec) {
  const view = new View(parse(compile(/** @type {import('vega-lite').TopLevelSpec} */ (spec)).spec), {
    renderer: 'none',
  });
  const text = await view.toSVG();
  view.finalize();
  return text;
}

/** @param {number} width @param {object[]} values */
function base(width, values) {
  return {
    width,
    height,
    autosize: { type: 'fit', contains: 'padding' },
    background: null,
    data: { values },
    config: {
      view: { stroke: null },
      font: 'system-ui, sans-serif',
      axis: {
        labelFontSize: 11,
        titleFontSize: 11,
        titleFontWeight: 'normal',
        titleColor: '#4a5361',
        gridColor: '#e8ebef',
        domainColor: '#c3c9d1',
        tickColor: '#c3c9d1',
        labelColor: '#4a5361',
      },
      legend: {
        labelFontSize: 11,
        title: null,
        orient: 'bottom',
        columns: 4,
        symbolType: 'square',
        labelLimit: 260,
        labelColor: '#2a313c',
      },
    },
  };
}

const timeAxis = {
  field: 'at',
  type: 'temporal',
  title: null,
  axis: { format: '%H:%M:%S', tickCount: 6, grid: false },
};

/** @param {Answered} answered @param {number} width @param {Palette} palette */
function overTime({ panel, answers }, width, palette) {
  const values = answers.flatMap((series, index) =>
    series.flatMap(({ labels, points }) =>
      points
        .filter(([, value]) => Number.isFinite(value))
        .map(([at, value]) => ({ at: at * 1000, value, name: named(panel.queries[index]?.legend ?? '', labels) })),
    ),
  );
  const stacked = panel.kind === 'stack';
  const names = mostFirst(values).filter(
    (name) => !stacked || values.some((one) => one.name === name && one.value > 0),
  );
  const folded = stacked ? names.splice(mostNames) : [];
  if (folded.length > 0) names.push('others');
  const longest = Math.max(...names.map((name) => name.length));
  const legend = {
    symbolType: stacked ? 'square' : 'stroke',
    symbolStrokeWidth: stacked ? 0 : 3,
    columns: Math.max(1, Math.floor((width - 60) / (longest * 6.3 + 34))),
  };
  const chart = {
    mark: stacked ? { type: 'area', opacity: 0.85 } : { type: 'line', strokeWidth: 1.8 },
    encoding: {
      x: timeAxis,
      y: {
        field: 'value',
        type: 'quantitative',
        title: panel.axis ?? null,
        stack: stacked ? 'zero' : null,
        scale: { domainMin: 0, ...(values.every(({ value }) => value === 0) ? { domainMax: 1 } : {}) },
        axis: { tickCount: 5, labelExpr: axisText[panel.unit ?? 'short'] },
      },
      color: { field: 'name', type: 'nominal', scale: palette.scale(names), legend },
      order: { field: 'rank', type: 'quantitative' },
    },
  };
  const limit = {
    data: { values: [{ limit: panel.limit }] },
    mark: { type: 'rule', strokeDash: [5, 4], color: '#c0392b' },
    encoding: { y: { field: 'limit', type: 'quantitative' } },
  };
  const shown = [...values.filter(({ name }) => names.includes(name)), ...summed(values, folded, 'others')];
  const ranked = shown.map((value) => ({ ...value, rank: names.indexOf(value.name) }));
  return { ...base(width, ranked), layer: panel.limit === undefined ? [chart] : [chart, limit] };
}

/** @param {Answered} answered @param {number} width @param {Palette} palette */
function bars({ panel, answers }, width, palette) {
  const values = (answers[0] ?? [])
    .map(({ labels, points }) => ({
      name: named(panel.queries[0]?.legend ?? '', labels),
      value: points.at(-1)?.[1] ?? 0,
    }))
    .filter(({ value }) => value > 0)
    .map((bar) => ({ ...bar, text: written(bar.value, panel.unit) }));
  const names = mostFirst(values);
  const y = {
    field: 'name',
    type: 'nominal',
    sort: names,
    title: null,
    axis: { labelLimit: 180, labelFontSize: 12, domain: false, ticks: false },
  };
  const x = {
    field: 'value',
    type: 'quantitative',
    title: null,
    axis: { labelExpr: axisText[panel.unit ?? 'short'], tickCount: 5 },
  };
  return {
    ...base(width, values),
    layer: [
      {
        mark: { type: 'bar', height: { band: 0.7 } },
        encoding: {
          y,
          x,
          color: { field: 'name', type: 'nominal', legend: null, scale: palette.scale(names) },
        },
      },
      {
        mark: { type: 'text', align: 'left', dx: 4, fontSize: 11, color: '#2a313c' },
        encoding: { y, x, text: { field: 'text' } },
      },
    ],
  };
}

/** Prometheus' buckets hold all that is below; a cell is what is in one alone. @param {Answered} answered @param {number} width */
function heatmap({ panel, answers }, width) {
  const buckets = (answers[0] ?? [])
    .map(({ labels, points }) => ({
      le: Number(labels['le'] === '+Inf' ? Infinity : labels['le']),
      points: new Map(points),
    }))
    .toSorted((a, b) => a.le - b.le);
  const names = buckets.map(({ le }) => (le === Infinity ? 'more' : `≤ ${written(le, panel.unit)}`));
  const every = 4;
  const values = buckets.flatMap(({ points }, index) =>
    [...points].flatMap(([at, upTo], step) => {
      const count = upTo - (buckets[index - 1]?.points.get(at) ?? 0);
      return step % every === 0 && count > 0.01
        ? [{ at: at * 1000, until: (at + 2 * every) * 1000, name: names[index], count }]
        : [];
    }),
  );
  const used = names.filter((name) => values.some((value) => value.name === name));
  return {
    ...base(width, values),
    mark: { type: 'rect', stroke: 'white', strokeWidth: 0.5 },
    encoding: {
      x: timeAxis,
      x2: { field: 'until' },
      y: { field: 'name', type: 'ordinal', sort: used.toReversed(), title: null },
      color: {
        field: 'count',
        type: 'quantitative',
        scale: { scheme: 'oranges' },
        legend: { title: 'in 30 s', orient: 'right', gradientLength: 100 },
      },
    },
  };
}

/** @param {Answered} answered @param {number} width */
function timeline({ panel, answers }, width) {
  const values = (answers[0] ?? []).flatMap(({ labels, points }) =>
    points.map(([at]) => ({
      at: at * 1000,
      until: (at + 2) * 1000,
      name: named(panel.queries[0]?.legend ?? '', labels),
    })),
  );
  return {
    ...base(width, values),
    mark: { type: 'rect' },
    encoding: {
      x: timeAxis,
      x2: { field: 'until' },
      y: { field: 'name', type: 'nominal', title: null, axis: { labelLimit: 240 } },
      color: { field: 'name', type: 'nominal', legend: null },
    },
  };
}

/** @param {Answered} answered */
function number({ panel, answers }) {
  const last = answers[0]?.[0]?.points.at(-1)?.[1] ?? 0;
  const bad = panel.limit !== undefined && last >= panel.limit;
  return `<p class="number${bad ? ' bad' : ''}">${escape(written(panel.unit === 's' ? last : Math.round(last), panel.unit))}</p>`;
}

/** A row for each set of labels, a column for each query. @param {Answered} answered */
function table({ panel, answers }) {
  /** @type {Map<string, { labels: Readonly<Record<string, string>>, cells: (number | undefined)[] }>} */
  const rows = new Map();
  for (const [column, series] of answers.entries()) {
    for (const { labels, points } of series) {
      const key = JSON.stringify(Object.keys(labelTitles).map((label) => labels[label]));
      const row = rows.get(key) ?? { labels, cells: [] };
      row.cells[column] = points.at(-1)?.[1];
      rows.set(key, row);
    }
  }
  const own = new Set([...rows.values()].flatMap(({ labels }) => Object.keys(labels)));
  const names = Object.keys(labelTitles).filter((label) => own.has(label));
  const sorted = panel.queries.findIndex(({ legend }) => legend === panel.sortBy);
  const body = [...rows.values()]
    .toSorted((a, b) => (b.cells[sorted] ?? 0) - (a.cells[sorted] ?? 0))
    .slice(0, 10)
    .map(({ labels, cells }) => {
      const texts = names.map((name) => `<td>${escape(labels[name] ?? '')}</td>`);
      const values = panel.queries.map(
        ({ unit }, column) => `<td class="value">${escape(written(cells[column], unit))}</td>`,
      );
      return `<tr>${texts.join('')}${values.join('')}</tr>`;
    });
  const head = [
    ...names.map((name) => `<th>${escape(labelTitles[name])}</th>`),
    ...panel.queries.map(({ legend }) => `<th class="value">${escape(legend)}</th>`),
  ];
  return `<table><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`;
}

/** @param {string} legend @param {Readonly<Record<string, string>>} labels */
function named(legend, labels) {
  return legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label) => labels[label] ?? '');
}

/**
 * The values of some names as those of one.
 *
 * @param {readonly { at: number, name: string, value: number }[]} values @param {readonly string[]} names
 * @param {string} name
 */
function summed(values, names, name) {
  /** @type {Map<number, number>} */
  const sums = new Map();
  for (const one of values) if (names.includes(one.name)) sums.set(one.at, (sums.get(one.at) ?? 0) + one.value);
  return [...sums].map(([at, value]) => ({ at, name, value }));
}

/** The names, those with the most first, so that their colours stay the same wherever they are shown. @param {readonly { name: string, value: number }[]} values */
function mostFirst(values) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const { name, value } of values) sums.set(name, (sums.get(name) ?? 0) + value);
  return [...sums].toSorted(([, a], [, b]) => b - a).map(([name]) => name);
}

/** @param {number | undefined} value @param {Unit} [unit] */
function written(value, unit = 'short') {
  if (value === undefined || !Number.isFinite(value)) return '–';
  if (unit === 'percentunit') return `${Math.round(value * 100)} %`;
  if (unit === 'ops') return `${rounded(value)}/s`;
  if (unit === 's') return value === 0 ? '0 s' : value < 1 ? `${rounded(value * 1000)} ms` : `${rounded(value)} s`;
  return rounded(value);
}

/** @param {number} value */
function rounded(value) {
  return `${Number(value.toPrecision(value >= 100 ? Math.ceil(Math.log10(value)) : 2))}`;
}

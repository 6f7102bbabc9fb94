// One page with the boards, their panels where Grafana would have them.
import { Palette, draw, escape } from './charts.mjs';

/**
 * @typedef {import('./prometheus.mjs').Answered} Answered
 * @typedef {import('../../src/board.ts').Board} Board
 */

const pageWidth = 1240;
const gap = 10;
const padding = 12;
const gridColumns = 24;
const widths = { number: 6, table: 12, lines: 12, stack: 12, heatmap: 12, bars: 12, timeline: 12 };

/**
 * @param {readonly { board: Board, answered: readonly Answered[] }[]} boards
 * @param {string} note
 */
export async function page(boards, note) {
  const sections = await Promise.all(boards.map(({ board, answered }) => section(board, answered, note)));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Locks of the demo</title><style>${style}</style></head>
<body>${sections.join('\n')}</body></html>
`;
}

/** @param {Board} board @param {readonly Answered[]} answered @param {string} note */
async function section(board, answered, note) {
  const palette = new Palette();
  const rows = await Promise.all(
    board.rows.map(async ({ title, panels }) => {
      const drawn = await Promise.all(
        answered.filter(({ panel }) => panels.includes(panel)).map((one) => drawPanel(one, palette)),
      );
      return `<div class="row"><h2>${escape(title)}</h2><div class="grid">${drawn.join('\n')}</div></div>`;
    }),
  );
  const head = `<header><h1>${escape(board.title)}</h1><p>${escape(board.about)}</p><p class="note">${escape(note)}</p></header>`;
  return `<section id="${board.id}">${head}${rows.join('\n')}</section>`;
}

/** @param {Answered} answered @param {Palette} palette */
async function drawPanel(answered, palette) {
  const { panel } = answered;
  const columns = panel.width ?? widths[panel.kind];
  const inner =
    Math.floor((pageWidth - gap * (gridColumns - 1)) / gridColumns) * columns + gap * (columns - 1) - 2 * padding;
  const drawn = await draw(answered, inner, palette);
  return `<article style="grid-column: span ${columns}" title="${escape(panel.about).replaceAll('"', '&quot;')}"><h3>${escape(panel.title)}</h3>${drawn}</article>`;
}

const style = `
  body { margin: 0; padding: 16px; width: ${pageWidth}px; background: #eef1f5; color: #1c222b; font: 13px/1.4 system-ui, sans-serif; }
  section { margin: 0 -16px; padding: 8px 16px 16px; }
  header { display: flex; align-items: baseline; gap: 14px; }
  header p { margin: 0; color: #4a5361; }
  header .note { margin-left: auto; font-size: 12px; }
  h1 { margin: 0; font-size: 20px; }
  h2 { margin: 14px 0 6px; font-size: 13px; font-weight: 600; color: #4a5361; }
  h3 { margin: 0 0 8px; font-size: 13px; font-weight: 600; }
  .grid { display: grid; grid-template-columns: repeat(${gridColumns}, 1fr); gap: ${gap}px; }
  article { min-width: 0; padding: 10px ${padding}px; background: white; border: 1px solid #dde2e8; border-radius: 4px; overflow: hidden; }
  article svg { display: block; }
  .number { margin: 0; font-size: 34px; font-weight: 600; line-height: 1.2; color: #1a7f4b; }
  .number.bad { color: #c0392b; }
  .nothing { color: #7d8794; }
  table { width: 100%; border-collapse: collapse; font-size: 12px; }
  th { text-align: left; font-weight: 600; color: #4a5361; border-bottom: 1px solid #dde2e8; }
  th, td { padding: 3px 8px 3px 0; }
  td { border-bottom: 1px solid #f0f2f5; }
  .value { text-align: right; font-variant-numeric: tabular-nums; }
`;

import { readFileSync } from 'node:fs';

import { pageHtml } from './page-html.ts';
import { pageStyle } from './page-style.ts';

export interface PageFile {
  readonly type: string;
  readonly text: () => string;
}

// From src as from dist this is where the compiled scripts are.
const scripts = new URL('../dist/page/', import.meta.url);

/** What the browser may ask for, by path. */
export const pageFiles: ReadonlyMap<string, PageFile> = new Map([
  ['/', { type: 'text/html', text: () => pageHtml }],
  ['/style.css', { type: 'text/css', text: () => pageStyle }],
  ['/favicon.svg', { type: 'image/svg+xml', text: () => icon }],
  ...['app', 'clock', 'dom', 'duration', 'figures', 'lane', 'lists', 'locks', 'picture', 'tip', 'words'].map(
    (name): [string, PageFile] => [
      `/page/${name}.js`,
      { type: 'text/javascript', text: () => readFileSync(new URL(`${name}.js`, scripts), 'utf8') },
    ],
  ),
]);

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect x="1" y="3" width="9" height="4" rx="1" fill="#3f7cc4"/><rect x="6" y="9" width="9" height="4" rx="1" fill="#c47a2c"/></svg>`;

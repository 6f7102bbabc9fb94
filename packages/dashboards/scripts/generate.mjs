// Writes what is made from the catalogue: `pnpm --filter @lockscope/dashboards generate`.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

import { generatedFiles, withAlerts } from './generated-files.mjs';

const root = new URL('../', import.meta.url);
/** @type {import('./generated-files.mjs').Dashboards} */
const made = await import(new URL('dist/index.js', root).href);
for (const naming of Object.keys(made.namings)) rmSync(new URL(`${naming}/`, root), { recursive: true, force: true });
for (const [path, text] of Object.entries(generatedFiles(made))) {
  const file = new URL(path, root);
  mkdirSync(new URL('.', file), { recursive: true });
  writeFileSync(file, text);
}
const readme = new URL('README.md', root);
writeFileSync(readme, withAlerts(readFileSync(readme, 'utf8'), made));

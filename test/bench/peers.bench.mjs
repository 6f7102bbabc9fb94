// Ours beside the locks that people use, over real servers: see peers/main.ts, which this makes into a program.
import { spawnSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const maker = new URL('../support/source-program.ts', import.meta.url);
const outfile = fileURLToPath(new URL('../.tmp/source-program.mjs', import.meta.url));
await build({
  entryPoints: [fileURLToPath(maker)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  define: { 'import.meta.url': JSON.stringify(maker.href) },
});
const { sourceProgram } = await import(pathToFileURL(outfile).href);
const program = await sourceProgram(new URL('peers/main.ts', import.meta.url));
const { status } = spawnSync(process.execPath, [program, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? 1;

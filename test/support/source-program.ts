import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { type Plugin, build } from 'esbuild';

const folder = fileURLToPath(new URL('../.tmp/programs', import.meta.url));

/**
 * Makes a file that Node can run as a process of its own out of a TypeScript program and the sources of our packages,
 * as they are now: Node 20 runs no TypeScript, and what was built earlier is another program. Packages of others stay
 * imports. The path can be given to `fork` and `spawn`.
 */
export async function sourceProgram(url: URL): Promise<string> {
  const entry = fileURLToPath(url);
  mkdirSync(folder, { recursive: true });
  // Test files run side by side: each process has a file of its own.
  const name = createHash('sha256').update(entry).digest('hex').slice(0, 12);
  const outfile = join(folder, `${name}-${process.pid}.mjs`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    conditions: ['@lockscope/source'],
    logLevel: 'silent',
    plugins: [othersStayImports, modulesKnowWhereTheyAre],
  });
  return outfile;
}

/** A package of others is imported from where the importing file finds it, which may not be where the program is. */
const othersStayImports: Plugin = {
  name: 'others stay imports',
  setup(bundle) {
    bundle.onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (kind === 'entry-point' || pluginData === 'asked' || path.startsWith('node:')) return undefined;
      if (path.startsWith('@lockscope/')) return undefined;
      const found = await bundle.resolve(path, { kind, resolveDir, pluginData: 'asked' });
      if (found.errors.length > 0 || !found.path.startsWith('/')) return { path, external: true };
      return { path: pathToFileURL(found.path).href, external: true };
    });
  },
};

/** What a module finds from its own place, it finds from there in the program too. */
const modulesKnowWhereTheyAre: Plugin = {
  name: 'modules know where they are',
  setup(bundle) {
    bundle.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)), loader: 'ts' };
    });
  },
};

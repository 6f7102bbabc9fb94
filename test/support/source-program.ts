import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { type Plugin, build } from 'esbuild';

import { startGuard } from './servers/guard.ts';

const programs = fileURLToPath(new URL('../.tmp/programs', import.meta.url));
let own: string | undefined;

/**
 * Makes a file that Node can run as a process of its own out of a TypeScript program and the sources of our packages,
 * as they are now: Node 20 runs no TypeScript, and what was built earlier is another program. Packages of others stay
 * imports. The path can be given to `fork` and `spawn`. The file is there for as long as the process that made it.
 */
export async function sourceProgram(url: URL): Promise<string> {
  const entry = fileURLToPath(url);
  const name = createHash('sha256').update(entry).digest('hex').slice(0, 12);
  const outfile = join(ownFolder(), `${name}.mjs`);
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

/** Test files run side by side: each process has a folder of its own, which goes with it. */
function ownFolder(): string {
  if (own === undefined) {
    mkdirSync(programs, { recursive: true });
    own = mkdtempSync(join(programs, `${process.pid}-`));
    startGuard(own);
  }
  return own;
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

/** Put together, so that it stays when this module is made part of a program itself. */
const ownPlace = ['import', 'meta', 'url'].join('.');

/** What a module finds from its own place, it finds from there in the program too. */
const modulesKnowWhereTheyAre: Plugin = {
  name: 'modules know where they are',
  setup(bundle) {
    bundle.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { contents: text.replaceAll(ownPlace, JSON.stringify(pathToFileURL(path).href)), loader: 'ts' };
    });
  },
};

// Checks the shape of every public package as it would be published: publint and Are the Types Wrong on its tarball.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

import { pack, publicPackages, run } from './support/pack.mjs';

const manifestOfAttw = createRequire(import.meta.url).resolve('@arethetypeswrong/cli/package.json');
const attw = join(dirname(manifestOfAttw), 'dist', 'index.js');

const packages = publicPackages();
const folder = mkdtempSync(join(tmpdir(), 'lockscope-shape-'));
let faults = 0;
try {
  const tarballs = await pack(packages, folder);
  for (const [name, tarball] of tarballs) {
    const problems = [...(await publintOn(tarball)), ...(await attwOn(tarball))];
    faults += problems.length;
    console.log(problems.length === 0 ? `ok   ${name}` : `BAD  ${name}\n${problems.join('\n')}`);
  }
} catch (error) {
  faults += 1;
  console.error(error instanceof Error ? error.message : error);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (faults > 0) {
  console.error(`${faults} fault(s) in what would be published.`);
  process.exitCode = 1;
}

/** @param {string} tarball */
async function publintOn(tarball) {
  const bytes = new Uint8Array(readFileSync(tarball)).buffer;
  const { messages, pkg } = await publint({ strict: true, pack: { tarball: bytes } });
  const serious = messages.filter(({ type }) => type !== 'suggestion');
  return serious.map((message) => `     publint: ${formatMessage(message, pkg, { color: false })}`);
}

/** @param {string} tarball */
async function attwOn(tarball) {
  const options = ['--profile', 'esm-only', '--no-definitely-typed', '--no-color', '--no-emoji', '--format', 'ascii'];
  try {
    await run(process.execPath, [attw, tarball, ...options], folder);
    return [];
  } catch (error) {
    return [`     attw: ${error instanceof Error ? error.message : String(error)}`];
  }
}

// The lock with everything cut out that tells of it: what the guards cost is the difference to the lock as it is. Made
// from the built files by replacing each use of the trace by `undefined`, which the compiler then removes. Each
// replacement must find its text, so this cannot rot in silence.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const built = fileURLToPath(new URL('../../packages/storage-lock/dist/', import.meta.url));
const target = fileURLToPath(new URL('../.tmp/bare-lock/', import.meta.url));

const trace = [/this\.trace\b/g, '(void 0)'];
const cuts = {
  'acquisition-state.js': [
    [/this\.trace = AcquireTrace\.begin\([^;]*\);/, ''],
    trace,
    [/^\s*trace(?: = undefined)?;$/m, ''],
  ],
  'acquisition.js': [trace],
  'acquisition-grants.js': [trace],
  'acquisition-ends.js': [trace],
  'possession.js': [
    [/const \{ root \} = grant;/, ''],
    [/this\.trace = root === undefined [^;]*;/, ''],
    [/this\.trace = new PossessionTrace\([^;]*;/, ';'],
    trace,
    [/^\s*trace(?: = undefined)?;$/m, ''],
  ],
  'release.js': [
    [/const \{ trace, record \} = this\.#possession;/, 'const { record } = this.#possession;'],
    [/const root = trace\?\.root;/, 'const root = void 0;'],
    [/this\.#possession\.trace\b/g, '(void 0)'],
    [/this\.#(?:event|call)\?\./g, '(void 0)?.'],
  ],
};

/** @returns {Promise<typeof import('@lockscope/storage-lock')>} */
export async function bareLock() {
  rmSync(target, { recursive: true, force: true });
  cpSync(built, target, { recursive: true });
  for (const [file, replacements] of Object.entries(cuts)) {
    let text = readFileSync(`${target}${file}`, 'utf8');
    for (const [pattern, replacement] of replacements) {
      if (text.search(pattern) === -1)
        throw new Error(`${file} has no ${pattern} any more: bring bare-lock.mjs up to date`);
      text = text.replace(pattern, replacement);
    }
    writeFileSync(`${target}${file}`, text);
  }
  return import(pathToFileURL(`${target}index.js`).href);
}

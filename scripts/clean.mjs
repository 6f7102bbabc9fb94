// Empties every dist of the workspace: `tsc -b` never removes the output of a source that is gone.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @param {string} dir */
function clean(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
    const path = join(dir, entry.name);
    if (entry.name === 'dist') rmSync(path, { recursive: true, force: true });
    else if (entry.name !== 'src' && entry.name !== 'test') clean(path);
  }
}

for (const group of ['packages', 'examples']) clean(join(root, group));

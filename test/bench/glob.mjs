// Node 20 has no fs.glob: the files below test/bench and packages that end so, outside of what is built or installed.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** @param {string} suffix */
export function globSync(suffix) {
  const below = (folder) =>
    readdirSync(`${root}${folder}`, { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return ['node_modules', 'dist', '.tmp'].includes(entry.name) ? [] : below(path);
      return path.endsWith(suffix) ? [`${root}${path}`] : [];
    });
  return [...below('test/bench'), ...below('packages')];
}

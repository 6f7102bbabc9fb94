// Runs every script `check:*` of the root, all of them even when one fails, and says which did.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** @type {{ packageManager: string, scripts: Record<string, string> }} */
const { packageManager, scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
const checks = Object.keys(scripts).filter((name) => name.startsWith('check:'));

const failed = checks.filter((name) => {
  const { status } = spawnSync('npx', ['--yes', packageManager, 'run', name], { cwd: root, stdio: 'inherit' });
  return status !== 0;
});

console.log('');
for (const name of checks) console.log(`${failed.includes(name) ? 'BAD ' : 'ok  '} ${name}`);
if (failed.length > 0) {
  console.error(`\n${failed.length} of ${checks.length} checks failed; their output is above.`);
  process.exitCode = 1;
}

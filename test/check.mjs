// Runs every script `check:*` of the root, all of them even when one fails, and says which did.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** @type {{ packageManager: string, scripts: Record<string, string> }} */
const { packageManager, scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
const checks = Object.keys(scripts).filter((name) => name.startsWith('check:'));

// Under a pnpm script pnpm is at hand; without one, npx brings it.
const pnpm = /pnpm/.test(process.env['npm_config_user_agent'] ?? '') ? ['pnpm'] : ['npx', '--yes', packageManager];

const failed = checks.filter((name) => {
  const [command, ...args] = [...pnpm, 'run', name];
  return spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status !== 0;
});

console.log('');
for (const name of checks) console.log(`${failed.includes(name) ? 'BAD ' : 'ok  '} ${name}`);
if (failed.length > 0) {
  console.error(`\n${failed.length} of ${checks.length} checks failed; their output is above.`);
  process.exitCode = 1;
}

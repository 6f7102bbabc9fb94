// Runs the tests on every Node version that is promised: node test/matrix.mjs [--only 24] [arguments for vitest]
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const versions = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0' };

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const args = process.argv.slice(2).filter((arg) => arg !== '--');
const only = optionOf('--only');

const wanted = Object.entries(versions).filter(([major]) => only === undefined || only.split(',').includes(major));
if (wanted.length === 0)
  fail(`--only ${only}: there is ${Object.keys(versions).join(', ')} (or several, with commas).`);
if (!existsSync(vitest)) fail('Nothing is installed yet. Run first: npx --yes pnpm@10.34.9 run bootstrap');

/** @type {{ version: string, result: string, seconds: number }[]} */
const rows = [];
for (const [, version] of wanted) {
  console.log(`\n=== Node ${version} ===`);
  const started = Date.now();
  const bin = obtain(version);
  const result = bin === undefined ? 'BAD  could not be installed' : await test(bin);
  rows.push({ version, result, seconds: Math.round((Date.now() - started) / 1000) });
}

console.log('\nNode        seconds  result');
for (const { version, result, seconds } of rows) {
  console.log(`${version.padEnd(10)}  ${String(seconds).padStart(7)}  ${result}`);
}
if (rows.some(({ result }) => !result.startsWith('ok'))) process.exitCode = 1;

/**
 * Runs vitest under the Node in this folder; gives its totals, which are its last line.
 *
 * @param {string} bin
 * @returns {Promise<string>}
 */
function test(bin) {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH']}` };
  const child = spawn(join(bin, 'node'), [vitest, 'run', ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let tail = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    process.stdout.write(text);
    tail = (tail + text).slice(-1000);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const last = tail.trimEnd().split('\n').at(-1) ?? '';
      const totals = /^\d+ passed, \d+ failed, \d+ skipped$/.test(last) ? last : 'ended without totals';
      resolve(code === 0 ? `ok   ${totals}` : `BAD  ${totals} (exit ${code ?? signal})`);
    });
  });
}

/**
 * The folder with the binary of a Node version, from npm's package `node`, kept for the next time.
 *
 * @param {string} version
 */
function obtain(version) {
  const folder = join(root, 'node_modules/.cache/node-matrix', version);
  const bin = join(folder, 'node_modules/node/bin');
  if (versionOf(bin) === version) return bin;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const install = ['install', `node@${version}`, '--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
  const npm = spawnSync('npm', install, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (versionOf(bin) === version) return bin;
  console.error(`node@${version} could not be installed:\n${npm.stdout}\n${npm.stderr}`);
  return undefined;
}

/** @param {string} bin */
function versionOf(bin) {
  try {
    return execFileSync(join(bin, 'node'), ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

/** @param {string} name */
function optionOf(name) {
  const at = args.indexOf(name);
  return at === -1 ? undefined : args.splice(at, 2)[1];
}

/** @param {string} message */
function fail(message) {
  console.error(message);
  process.exit(2);
}

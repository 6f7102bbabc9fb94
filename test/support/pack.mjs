// Makes the tarballs that a release would publish.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageGroups } from './package-groups.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** @type {{ packageManager: string }} */
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** @typedef {{ dir: string, manifest: { name: string, private?: boolean } }} PublicPackage */

/**
 * Packages that users can install, with their folders from the root.
 *
 * @returns {PublicPackage[]}
 */
export function publicPackages() {
  const folders = packageGroups
    .filter((group) => group.startsWith('packages') && existsSync(join(root, group)))
    .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`));
  return folders
    .filter((dir) => existsSync(join(root, dir, 'package.json')))
    .map((dir) => ({ dir, manifest: JSON.parse(readFileSync(join(root, dir, 'package.json'), 'utf8')) }))
    .filter(({ manifest }) => manifest.private !== true);
}

/**
 * Packs every public package into `folder`; gives the path of the tarball by package name.
 *
 * @param {readonly PublicPackage[]} packages
 * @param {string} folder
 * @returns {Promise<Map<string, string>>}
 */
export async function pack(packages, folder) {
  const unbuilt = packages.filter(({ dir }) => !existsSync(join(root, dir, 'dist/index.js')));
  if (unbuilt.length > 0) {
    const names = unbuilt.map(({ dir }) => dir).join(', ');
    throw new Error(`No dist/index.js in ${names}. Build first: npx --yes ${packageManager} run build`);
  }
  const filters = packages.flatMap(({ manifest }) => ['--filter', manifest.name]);
  await run('npx', ['--yes', packageManager, '-r', ...filters, 'pack', '--pack-destination', folder], root);
  const tarballs = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
  return new Map(
    packages.map(({ manifest: { name } }) => {
      const prefix = name.replace('@', '').replace('/', '-');
      const file = tarballs.find((tarball) => new RegExp(`^${prefix}-\\d`).test(tarball));
      if (file === undefined) throw new Error(`pnpm pack made no tarball of ${name}; it made ${tarballs.join(', ')}`);
      return [name, join(folder, file)];
    }),
  );
}

/**
 * Runs a program and gives what it printed; what it printed is also in the error when it fails.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<string>}
 */
export function run(command, args, cwd, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = execFile(command, [...args], { cwd, env, maxBuffer: 64e6 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args.join(' ')} failed (${error.code}):\n${stdout}\n${stderr}`));
    });
    child.stdin?.end();
  });
}

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { packageGroups } from './package-groups.mjs';

export const root: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** What the checks read of a package.json. */
export type Manifest = {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
};

/** One folder with a package.json, as data: the checks never touch the disk, so a test can feed them a bad one. */
export type WorkspacePackage = {
  /** From the root, with forward slashes: `packages/storages/sqlite`. */
  readonly dir: string;
  readonly manifest: Manifest;
  /** Paths of all its files from the package's folder. */
  readonly files: readonly string[];
  /** Text of every TypeScript file below `src`. */
  readonly sources: Readonly<Record<string, string>>;
  /** Folders that its tsconfig.json refers to, from the root. */
  readonly references: readonly string[];
};

export function readWorkspace(): WorkspacePackage[] {
  return packageGroups
    .flatMap((group) => subfolders(group))
    .flatMap((dir) => (exists(`${dir}/package.json`) ? [read(dir)] : []));
}

/** Folders that tsconfig.json at the root builds. */
export function builtByRoot(): string[] {
  return referencesOf('.');
}

/** Files below a folder of the repository that end in `suffix`, from the root; what is generated is left out. */
export function filesBelow(dir: string, suffix: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(root, dir), { withFileTypes: true })) {
    const path = dir === '.' ? entry.name : `${dir}/${entry.name}`;
    if (entry.isDirectory()) {
      const generated = entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.');
      if (!generated) found.push(...filesBelow(path, suffix));
    } else if (entry.name.endsWith(suffix)) found.push(path);
  }
  return found.toSorted();
}

function read(dir: string): WorkspacePackage {
  const manifest = JSON.parse(text(`${dir}/package.json`)) as Manifest;
  const files = filesBelow(dir, '').map((path) => relative(dir, path));
  const sources = files.filter((file) => /^src\/.*\.[cm]?tsx?$/.test(file));
  return {
    dir,
    manifest,
    files,
    sources: Object.fromEntries(sources.map((file) => [file, text(`${dir}/${file}`)])),
    references: referencesOf(dir),
  };
}

function referencesOf(dir: string): string[] {
  if (!exists(`${dir}/tsconfig.json`)) return [];
  const config = JSON.parse(text(`${dir}/tsconfig.json`)) as { references?: { path: string }[] };
  return (config.references ?? []).map(({ path }) => {
    const target = join(dir, path);
    return target.endsWith('.json') ? dirname(target) : target;
  });
}

function subfolders(dir: string): string[] {
  if (!exists(dir)) return [];
  const entries = readdirSync(join(root, dir), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => `${dir}/${entry.name}`);
}

function exists(path: string): boolean {
  return existsSync(join(root, path));
}

function text(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

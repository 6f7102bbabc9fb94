import { posix } from 'node:path';

import type { WorkspacePackage } from '../support/workspace.ts';
import { rules } from './rules.ts';
import type { Rule } from './rules.ts';

type Import = { readonly file: string; readonly line: number; readonly from: string; readonly onDemand: boolean };

/** Everything in these packages that breaks a rule, one sentence each, with the place. */
export function violations(packages: readonly WorkspacePackage[], built: readonly string[]): string[] {
  return packages.flatMap((pkg) => {
    const rule = rules.find(({ dir }) => fits(dir, pkg.dir));
    if (rule === undefined) return [`${pkg.dir}: no rule in test/architecture/rules.ts says what it may import`];
    return [
      ...checkImports(pkg, rule),
      ...checkManifest(pkg, rule, packages),
      ...checkFiles(pkg, rule),
      ...(built.includes(pkg.dir) ? [] : [`${pkg.dir}: tsconfig.json at the root does not build it`]),
    ];
  });
}

function fits(pattern: string, dir: string): boolean {
  const wanted = pattern.split('/');
  const parts = dir.split('/');
  return wanted.length === parts.length && wanted.every((part, at) => part === '*' || part === parts[at]);
}

function checkImports(pkg: WorkspacePackage, rule: Rule): string[] {
  const { manifest } = pkg;
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies };
  const found: string[] = [];
  for (const [file, text] of Object.entries(pkg.sources)) {
    if (/^\s*export\s+default\b/m.test(withoutComments(text))) {
      found.push(`${pkg.dir}/${file}: export default; every export has a name`);
    }
    for (const { line, from, onDemand } of importsOf(file, text)) {
      const at = `${pkg.dir}/${file}:${line}`;
      if (from.startsWith('.')) {
        if (posix.normalize(posix.join(posix.dirname(file), from)).startsWith('..')) {
          found.push(`${at}: ${from} reaches into another package; import it by its name`);
        }
      } else if (from.startsWith('node:')) {
        if (rule.browser) found.push(`${at}: ${from}; this package runs in a browser and imports nothing of Node`);
      } else {
        const name = packageOf(from);
        if (name === manifest.name) {
          found.push(`${at}: imports itself by name; import the file`);
          continue;
        }
        if (declared[name] === undefined) found.push(`${at}: ${name} is not declared in package.json`);
        if (/\/(src|dist)\//.test(from)) found.push(`${at}: ${from} reaches past the exports of ${name}`);
        if (!allowed(name, rule) && !(onDemand && rule.onDemand)) {
          found.push(`${at}: ${pkg.dir} may not import ${name}${listing(rule)}`);
        }
      }
    }
  }
  return found;
}

function checkManifest(pkg: WorkspacePackage, rule: Rule, packages: readonly WorkspacePackage[]): string[] {
  const { dependencies = {}, peerDependencies = {}, optionalDependencies = {} } = pkg.manifest;
  const found: string[] = [];
  for (const [kind, names] of Object.entries({ dependencies, optionalDependencies })) {
    for (const name of Object.keys(names)) {
      if (!allowed(name, rule))
        found.push(`${pkg.dir}/package.json: may not depend on ${name} (${kind})${listing(rule)}`);
    }
  }
  if (rule.may !== 'anything') {
    for (const name of Object.keys(dependencies)) {
      if (internal(name) || rule.npm?.includes(name)) continue;
      found.push(
        `${pkg.dir}/package.json: ${name} is a client: a peer or optional dependency, so that the user brings it`,
      );
    }
  }
  for (const name of Object.keys({ ...dependencies, ...peerDependencies }).filter(internal)) {
    const other = packages.find(({ manifest }) => manifest.name === name);
    if (other !== undefined && !pkg.references.includes(other.dir)) {
      found.push(`${pkg.dir}/tsconfig.json: no reference to ${other.dir}, which package.json depends on`);
    }
  }
  return found;
}

function checkFiles(pkg: WorkspacePackage, rule: Rule): string[] {
  const found: string[] = [];
  if (!pkg.files.includes('README.md')) found.push(`${pkg.dir}: no README.md`);
  if (!pkg.files.some((file) => /^test\/.*\.test\.ts$/.test(file))) found.push(`${pkg.dir}: no test in test/*.test.ts`);
  if (rule.contract && !pkg.files.includes('test/contract.test.ts')) {
    found.push(`${pkg.dir}: no test/contract.test.ts that runs the contract of @lockscope/testkit`);
  }
  return found;
}

/** Import lines of a source; those in comments do not count. */
function importsOf(file: string, text: string): Import[] {
  const code = withoutComments(text);
  const patterns: readonly [RegExp, boolean][] = [
    [/^[ \t]*(?:import|export)\b[^;'"`]*?\bfrom\s*(['"])([^'"\n]+)\1/gm, false],
    [/^[ \t]*import\s*(['"])([^'"\n]+)\1/gm, false],
    [/\b(?:import|require)\(\s*(['"])([^'"\n]+)\1/g, true],
  ];
  return patterns.flatMap(([pattern, onDemand]) =>
    [...code.matchAll(pattern)].map((match) => {
      const end = match.index + match[0].length;
      return { file, line: code.slice(0, end).split('\n').length, from: match[2] ?? '', onDemand };
    }),
  );
}

/** Blanks comments out and keeps the line numbers. */
function withoutComments(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
    .replaceAll(/(^|\s)\/\/[^\n]*/g, '$1');
}

function allowed(name: string, rule: Rule): boolean {
  return rule.may === 'anything' || !internal(name) || rule.may.includes(name);
}

function listing(rule: Rule): string {
  if (rule.may === 'anything') return '';
  return rule.may.length === 0
    ? '; it may import no package of this repository'
    : `; it may import ${rule.may.join(', ')}`;
}

function internal(name: string): boolean {
  return name.startsWith('@lockscope/');
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

import { describe, expect, it } from 'vitest';

import { builtByRoot, readWorkspace } from '../support/workspace.ts';
import type { WorkspacePackage } from '../support/workspace.ts';
import { violations } from './check.ts';

describe('this repository', () => {
  const packages = readWorkspace();
  const found = violations(packages, builtByRoot());

  it('has packages to check', () => {
    expect(packages.map(({ dir }) => dir)).toEqual(expect.arrayContaining(['packages/core', 'packages/storage-lock']));
    expect(packages.flatMap(({ sources }) => Object.keys(sources)).length).toBeGreaterThan(packages.length - 1);
  });

  for (const { dir } of packages) {
    it(`${dir} keeps the rules`, () => {
      expect(found.filter((violation) => violation.startsWith(`${dir}/`) || violation.startsWith(`${dir}:`))).toEqual(
        [],
      );
    });
  }
});

describe('the check', () => {
  const good: WorkspacePackage = {
    dir: 'packages/listeners/good',
    manifest: {
      name: '@lockscope/listener-good',
      dependencies: { '@lockscope/core': 'workspace:^' },
      peerDependencies: { client: '^1.0.0' },
    },
    files: ['README.md', 'src/index.ts', 'test/contract.test.ts'],
    sources: {
      'src/index.ts': [
        "import { readFile } from 'node:fs/promises';",
        "import type { Listener } from '@lockscope/core';",
        'import {',
        '  connect,',
        "} from 'client';",
        "export { x } from './x.ts';",
        "// import { Storage } from '@lockscope/storage';",
        '/**',
        " * import { Storage } from '@lockscope/storage';",
        ' */',
      ].join('\n'),
    },
    references: ['packages/core'],
  };
  const core: WorkspacePackage = {
    dir: 'packages/core',
    manifest: { name: '@lockscope/core', dependencies: { uuid: '1.0.0' } },
    files: ['README.md', 'test/event.test.ts'],
    sources: { 'src/index.ts': "import { v7 } from 'uuid';" },
    references: [],
  };
  const check = (...packages: WorkspacePackage[]): string[] =>
    violations(
      packages,
      packages.map(({ dir }) => dir),
    );
  const withSource = (pkg: WorkspacePackage, ...lines: string[]): WorkspacePackage => ({
    ...pkg,
    sources: { 'src/index.ts': lines.join('\n') },
  });

  it('has nothing to say about packages that keep the rules', () => {
    expect(check(good, core)).toEqual([]);
  });

  it('names a listener that imports a storage, with file and line', () => {
    const bad = withSource(
      { ...good, manifest: { ...good.manifest, dependencies: { '@lockscope/storage': 'workspace:^' } } },
      "import { connect } from 'client';",
      'import {',
      '  Storage,',
      "} from '@lockscope/storage';",
    );
    expect(check(bad, core)).toEqual([
      'packages/listeners/good/src/index.ts:4: packages/listeners/good may not import @lockscope/storage; it may import @lockscope/core',
      'packages/listeners/good/package.json: may not depend on @lockscope/storage (dependencies); it may import @lockscope/core',
    ]);
  });

  it.each([
    ["import { x } from 'undeclared';", 'undeclared is not declared'],
    ["const x = await import('undeclared/deep');", 'undeclared is not declared'],
    ["import '@lockscope/core/src/event.ts';", 'reaches past the exports of @lockscope/core'],
    ["export * from '../../../core/src/event.ts';", 'reaches into another package'],
    ["import { y } from '@lockscope/listener-good';", 'imports itself'],
    ['export default function f() {}', 'export default'],
  ])('names the line %s', (line, what) => {
    expect(check(withSource(good, line), core)).toEqual([expect.stringContaining(what)]);
  });

  it.each([
    "import fs from 'node:fs';",
    "export { x } from 'node:path';",
    "const x = import('node:net');",
    "import 'node:os';",
  ])('names what core takes from Node: %s', (line) => {
    expect(check(withSource(core, line))).toEqual([expect.stringContaining('runs in a browser')]);
  });

  it('names a client that is not a peer', () => {
    const dependencies = { ...good.manifest.dependencies, ioredis: '6.0.0' };
    const bad = { ...good, manifest: { ...good.manifest, dependencies } };
    expect(check(bad, core)).toEqual([expect.stringContaining('ioredis is a client')]);
  });

  it('names what is missing: README, tests, contract, reference, place in the build, rule', () => {
    const bare = { ...good, files: ['src/index.ts'], references: [] };
    expect(violations([bare, core], ['packages/core'])).toEqual([
      expect.stringContaining('no reference to packages/core'),
      expect.stringContaining('no README.md'),
      expect.stringContaining('no test in'),
      expect.stringContaining('no test/contract.test.ts'),
      expect.stringContaining('does not build it'),
    ]);
    expect(check({ ...good, dir: 'packages/odd' }, core)).toEqual([expect.stringContaining('no rule')]);
  });
});

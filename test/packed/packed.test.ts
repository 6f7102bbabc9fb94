import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { pack, publicPackages, run } from '../support/pack.mjs';

// What a user gets: the tarballs, installed by npm into an empty project outside this repository.

const packages = publicPackages();
const names = packages.map(({ manifest }) => manifest.name);
const templates = fileURLToPath(new URL('./consumer', import.meta.url));

/** Compilers that a user may have; each is a package of the consumer. */
const compilers = {
  'typescript 7.0': 'typescript',
  'typescript 5.9': 'typescript-5-9',
  'typescript 5.4': 'typescript-5-4',
};
const compilerVersions = {
  typescript: '7.0.2',
  'typescript-5-9': 'npm:typescript@5.9.3',
  'typescript-5-4': 'npm:typescript@5.4.5',
};

describe('the packed packages', () => {
  let folder: string;
  let consumer: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lockscope-packed-'));
    consumer = join(folder, 'consumer');
    mkdirSync(consumer);
    const tarballs = await pack(packages, folder);
    writeConsumer(consumer, tarballs);
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], consumer);
  }, 300_000);

  afterAll(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  for (const { manifest: listed } of packages) {
    const { name } = listed;
    it(`${name} carries what a user needs and nothing else`, () => {
      const installed = join(consumer, 'node_modules', name);
      const top = readdirSync(installed).filter((entry) => entry !== 'node_modules');
      const files = ((listed as { files?: readonly string[] }).files ?? []).filter((file) => !file.startsWith('!'));
      expect(top.toSorted()).toEqual(['LICENSE', 'README.md', 'package.json', ...files].toSorted());
      expect(readdirSync(join(installed, 'dist'))).not.toContain('.tsbuildinfo');
      const manifest = readFileSync(join(installed, 'package.json'), 'utf8');
      expect(manifest).not.toContain('@lockscope/source');
      expect(manifest).not.toContain('workspace:');
    });
  }

  it.each(Object.entries(compilers))(
    'type-check under %s, declarations included',
    async (_, compiler) => {
      await compile(consumer, compiler, ['--noEmit']);
    },
    120_000,
  );

  it('type-check with the resolution of a bundler', async () => {
    await compile(consumer, 'typescript', ['--noEmit', '--module', 'esnext', '--moduleResolution', 'bundler']);
  }, 120_000);

  it('work in a program that imports them', async () => {
    await compile(consumer, 'typescript', []);
    for (const file of readdirSync(join(consumer, 'out')).filter((entry) => entry.endsWith('.js'))) {
      await run('node', [join('out', file)], consumer);
    }
  }, 120_000);

  it('can be required from CommonJS', async () => {
    await run('node', ['require.cjs'], consumer);
  }, 60_000);
});

/** What is wrong with the declarations of somebody else's client is not ours. */
async function compile(consumer: string, compiler: string, flags: readonly string[]): Promise<void> {
  const program = join('node_modules', compiler, 'bin', 'tsc');
  const [output] = await Promise.allSettled([run('node', [program, '-p', 'tsconfig.json', ...flags], consumer)]);
  const lines = output.status === 'rejected' ? String(output.reason).split('\n') : [];
  const ours = lines.filter((line) => line.includes('error TS') && !/^node_modules\/(?!@lockscope\/)/.test(line));
  expect(ours).toEqual([]);
  // It ran: otherwise there would be nothing to filter.
  if (output.status === 'rejected') expect(lines.some((line) => line.includes('error TS'))).toBe(true);
}

function writeConsumer(consumer: string, tarballs: ReadonlyMap<string, string>): void {
  const manifest = {
    name: 'consumer',
    private: true,
    type: 'module',
    dependencies: Object.fromEntries([...tarballs].map(([name, tarball]) => [name, `file:${tarball}`])),
    devDependencies: { '@types/node': '20.19.43', '@types/pg': '8.23.1', ...compilerVersions },
  };
  const config = {
    compilerOptions: {
      target: 'es2022',
      lib: ['es2022', 'esnext.disposable'],
      types: ['node'],
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      outDir: 'out',
      rootDir: '.',
    },
    files: ['every-package.ts', ...readdirSync(templates)],
  };
  const program = [
    ...names.map((name, at) => `import * as package${at} from '${name}';`),
    `const packages: readonly object[] = [${names.map((_, at) => `package${at}`).join(', ')}];`,
    `if (packages.length !== ${names.length}) throw new Error('a package is missing');`,
    // Types that did not resolve would be \`any\`, and nothing would be an error.
    ...names.flatMap((_, at) => ['// @ts-expect-error', `package${at}.thereIsNoSuchExport;`]),
    '',
  ];
  const commonJs = names.map((name) => `if (typeof require('${name}') !== 'object') throw new Error('${name}');\n`);
  cpSync(templates, consumer, { recursive: true });
  writeFileSync(join(consumer, 'package.json'), JSON.stringify(manifest, undefined, 2));
  writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify(config, undefined, 2));
  writeFileSync(join(consumer, 'every-package.ts'), program.join('\n'));
  writeFileSync(join(consumer, 'require.cjs'), commonJs.join(''));
}

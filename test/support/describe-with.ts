import { describe, it } from 'vitest';

import { requireTool, toolsAreRequired } from './require-tool.ts';

/** Paths of the tools that a suite asked for, by name. */
export type ToolPaths<Name extends string> = Readonly<Record<Name, string>>;

/**
 * A suite that needs binaries of this machine. Where one is missing, every test of the suite is skipped under a title
 * that names what is missing; with REQUIRE_SERVERS=1 the suite fails instead.
 *
 *     describeWith('chromium', 'the page', ({ chromium }) => { it('opens', ...) });
 */
export function describeWith<Name extends string>(
  needs: Name | readonly Name[],
  title: string,
  suite: (paths: ToolPaths<Name>) => void,
): void {
  const names = typeof needs === 'string' ? [needs] : needs;
  const found = names.map(requireTool);
  const missing = found.flatMap((tool) => tool.missing ?? []);
  const paths = Object.fromEntries(found.map((tool) => [tool.name, tool.path ?? ''])) as ToolPaths<Name>;
  if (missing.length === 0) {
    describe(title, () => suite(paths));
  } else if (toolsAreRequired()) {
    describe(title, () => {
      it(`needs ${names.join(', ')}`, () => {
        throw new Error(`${missing.join('; ')}. REQUIRE_SERVERS=1 allows no skip.`);
      });
    });
  } else {
    describe.skip(`${title} [skipped: ${missing.join('; ')}]`, () => suite(paths));
  }
}

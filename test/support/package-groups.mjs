import { readFileSync } from 'node:fs';

/**
 * The folders of packages that pnpm-workspace.yaml names, from the root: `packages/*` is `packages`.
 *
 * @type {readonly string[]}
 */
export const packageGroups = Array.from(
  readFileSync(new URL('../../pnpm-workspace.yaml', import.meta.url), 'utf8').matchAll(/^ {2}- (\S+)\/\*$/gm),
  ([, group = '']) => group,
);

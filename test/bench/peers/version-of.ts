import { readFileSync } from 'node:fs';

/** The version of a package of the test package's `node_modules`, by the name that it is installed under. */
export function versionOf(name: string): string {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  // One of them is published as v5.0.0-beta.2.
  return version.replace(/^v/, '');
}

// Runs the benchmarks: `pnpm bench` for all, `pnpm bench <name>` for one. Each is a file `<name>.bench.mjs` beside this
// one that exports `run()`. They measure the built packages, so build first.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const suffix = '.bench.mjs';
const names = readdirSync(folder)
  .filter((file) => file.endsWith(suffix))
  .map((file) => file.slice(0, -suffix.length));
const asked = process.argv.slice(2).filter((arg) => arg !== '--');
const unknown = asked.filter((name) => !names.includes(name));

if (unknown.length > 0 || names.length === 0) {
  console.error(`No benchmark ${unknown.join(', ') || 'yet'}. There is: ${names.join(', ') || 'none'}.`);
  process.exitCode = unknown.length > 0 ? 2 : 0;
} else {
  for (const name of asked.length > 0 ? asked : names) {
    console.log(`\n# ${name} (Node ${process.versions.node})`);
    /** @type {{ run(): Promise<void> }} */
    const bench = await import(new URL(`${name}${suffix}`, import.meta.url).href);
    await bench.run();
  }
}

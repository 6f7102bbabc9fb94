// Runs the benchmarks: `pnpm bench` for all, `pnpm bench <name>` for one; what begins with `--` it is told. Each is a file `<name>.bench.mjs`, beside this
// one or in the `bench` folder of a package, and gets a process of its own, so that none has warmed the compiler up for
// another. They measure the built packages, so build first. Pin it to one core where you can: `taskset -c 1 pnpm bench`.
import { spawnSync } from 'node:child_process';
import { globSync } from './glob.mjs';

const suffix = '.bench.mjs';
const files = new Map(globSync(suffix).map((file) => [file.slice(file.lastIndexOf('/') + 1, -suffix.length), file]));
const given = process.argv.slice(2).filter((arg) => arg !== '--');
const asked = given.filter((arg) => !arg.startsWith('--'));
const told = given.filter((arg) => arg.startsWith('--'));
const unknown = asked.filter((name) => !files.has(name));

if (unknown.length > 0) {
  console.error(`No benchmark ${unknown.join(', ')}. There is: ${[...files.keys()].join(', ')}.`);
  process.exitCode = 2;
} else {
  for (const name of asked.length > 0 ? asked : files.keys()) {
    console.log(`\n# ${name} (Node ${process.versions.node})`);
    const { status } = spawnSync(process.execPath, [...process.execArgv, files.get(name), ...told], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = 1;
  }
}

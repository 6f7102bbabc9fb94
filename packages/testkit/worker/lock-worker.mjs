// A process that takes turns under a lock, for the cases of lockContract with several processes. It is given its task
// as JSON in its first argument; it says when it is ready, and begins when it is told to.
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

const { name, module, data, directory, contenders } = JSON.parse(process.argv[2] ?? '{}');
const counter = join(directory, 'counter');
const journal = join(directory, 'journal');

const tell = (message) => process.send?.(message);

async function takeTurn(turn) {
  const who = `${name}.${turn}`;
  await appendFile(journal, `enter ${who}\n`);
  const before = Number(await readFile(counter, 'utf8'));
  await nextTurn();
  await writeFile(counter, String(before + 1));
  await appendFile(journal, `leave ${who}\n`);
}

async function stay() {
  await appendFile(journal, `enter ${name}\n`);
  tell({ kind: 'inside' });
  await new Promise(() => setInterval(() => undefined, 60_000));
}

try {
  const { makeLocks } = await import(module);
  const locks = await makeLocks(data);
  process.once('disconnect', () => process.exit(1));
  const told = new Promise((resolve) => process.once('message', resolve));
  tell({ kind: 'ready' });
  await told;
  if (contenders === 0) await locks.run('counter', stay);
  await Promise.all(Array.from({ length: contenders }, (_, turn) => locks.run('counter', () => takeTurn(turn + 1))));
  await locks.close?.();
  tell({ kind: 'done' });
  process.removeAllListeners('disconnect');
  process.disconnect?.();
} catch (error) {
  tell({ kind: 'failed', error: String(error?.stack ?? error) });
  process.exitCode = 1;
  process.removeAllListeners('disconnect');
  process.disconnect?.();
}

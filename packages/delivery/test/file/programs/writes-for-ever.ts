// Writes numbered events into the file that it is given until it is killed, and says after each which are committed.
import { writeSync } from 'node:fs';

import { FileSink } from '../../../src/file/index.ts';

const [, , path = '', fsync = 'never'] = process.argv;
const sink = new FileSink<{ n: number; text: string }>({
  path,
  fsync: fsync as 'never',
  maxBytes: 400_000,
  keep: 1000,
});
for (let n = 0; ; n += 8) {
  const writes = Array.from({ length: 8 }, (_, at) => sink.write({ n: n + at, text: 'x'.repeat((n * 37) % 5000) }));
  await Promise.all(writes);
  // Synchronous, so that nothing is said later than it was known.
  writeSync(1, `${n + 7}\n`);
}

// Writes one event and leaves the sink open; the next sync would come in a month.
import { FileSink } from '../../../src/file/index.ts';

await new FileSink({ path: process.argv[2] ?? '', fsyncIntervalMs: 2 ** 31 - 1 }).write({ n: 1 });
console.log('written');

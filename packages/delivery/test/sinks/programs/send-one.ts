// Sends one event to the URL that it is given, and says so.
import { httpSink } from '../../../src/index.ts';

await httpSink(process.argv[2] ?? '').write({ n: 1 });
console.log('committed');

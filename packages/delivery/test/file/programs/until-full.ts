// Writes events of a thousand bytes until the file cannot grow any more, and says how many are committed and why it ended.
import { FileSink } from '../../../src/file/index.ts';

// Linux would end the process. The write is to fail instead, as on a disk that is full.
process.on('SIGXFSZ', () => {});
const sink = new FileSink<{ n: number; text: string }>({ path: process.argv[2] ?? '', fsync: 'never' });
for (let n = 0; ; n += 1) {
  try {
    await sink.write({ n, text: 'x'.repeat(1000) });
  } catch (error) {
    const { operation, reason } = error as { operation: string; reason: string };
    // Shorter ones may still have room.
    await sink.write({ n, text: '' });
    await sink.close();
    console.log(`${n} ${operation} ${reason}`);
    break;
  }
}

// As somebody without rights: tries to write where only root may, then where anybody may, and says what came of it.
import { FileSink } from '../../../src/file/index.ts';

const [, , denied = '', allowed = ''] = process.argv;
if (process.getuid?.() === 0) process.setuid?.(65_534);
const outcomes: string[] = [];
for (const path of [denied, allowed]) {
  const sink = new FileSink({ path });
  outcomes.push(
    await sink.write({ n: 1 }).then(
      () => 'written',
      ({ operation, reason }: { operation: string; reason: string }) => `${operation} ${reason}`,
    ),
  );
  await sink.close();
}
console.log(outcomes.join(', '));

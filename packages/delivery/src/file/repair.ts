import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';

/** What was done to a file whose last line was torn when its process ended. */
export interface Repair {
  readonly path: string;
  /** Bytes of a line that was not complete, and is gone. */
  readonly cutBytes: number;
  /** The line was complete but for its end, and has that now. */
  readonly closedOff: boolean;
}

const chunk = 65_536;
/** A longer last line is not read to see whether it is complete. */
const longestLine = 16 * 1024 * 1024;
const newline = 10;

/**
 * Makes the file end with a whole line: a last line without its end was not committed, unless somebody else has written
 * it. Gives the size of the file then, and what was done.
 */
export async function repairEnd(
  file: FileHandle,
  size: number,
): Promise<{ size: number; repair?: Omit<Repair, 'path'> }> {
  const end = await endOfLastLine(file, size);
  if (end === size) return { size };
  if (size - end <= longestLine && (await isComplete(file, end, size))) {
    await file.appendFile('\n');
    return { size: size + 1, repair: { cutBytes: 0, closedOff: true } };
  }
  await file.truncate(end);
  return { size: end, repair: { cutBytes: size - end, closedOff: false } };
}

/** Where the last whole line ends; 0 when there is none. */
async function endOfLastLine(file: FileHandle, size: number): Promise<number> {
  const buffer = Buffer.alloc(Math.min(chunk, size));
  for (let to = size; to > 0;) {
    const from = Math.max(0, to - buffer.length);
    const { bytesRead } = await file.read(buffer, 0, to - from, from);
    const at = buffer.subarray(0, bytesRead).lastIndexOf(newline);
    if (at >= 0) return from + at + 1;
    to = from;
  }
  return 0;
}

/** Only what says itself where it ends can be known to be complete: `12` may have been `123`. */
async function isComplete(file: FileHandle, from: number, to: number): Promise<boolean> {
  const buffer = Buffer.alloc(to - from);
  await file.read(buffer, 0, buffer.length, from);
  const text = buffer.toString('utf8').trim();
  if (!/^[{["]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * A number in a file, which is read, and only then written: who adds to it without a lock loses updates. Beside it a
 * journal of who came and went. The worker program does the same in other processes.
 */
export class FileCounter {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<FileCounter> {
    const counter = new FileCounter(await mkdtemp(join(tmpdir(), 'lockscope-counter-')));
    await writeFile(counter.#file('counter'), '0');
    await writeFile(counter.#file('journal'), '');
    return counter;
  }

  async add(): Promise<void> {
    const before = Number(await readFile(this.#file('counter'), 'utf8'));
    await nextTurn();
    await writeFile(this.#file('counter'), String(before + 1));
  }

  async read(): Promise<number> {
    return Number(await readFile(this.#file('counter'), 'utf8'));
  }

  /** Writes a line into the journal. */
  async note(line: string): Promise<void> {
    await appendFile(this.#file('journal'), `${line}\n`);
  }

  async journal(): Promise<string[]> {
    return (await readFile(this.#file('journal'), 'utf8')).split('\n').filter((line) => line !== '');
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  #file(name: string): string {
    return join(this.directory, name);
  }
}

/** Demands that nobody came in before the one inside had left. */
export function neverTwoInside(journal: readonly string[]): void {
  let inside: string | undefined;
  for (const line of journal) {
    const [verb, who] = line.split(' ') as [string, string];
    if (verb === 'enter') {
      assert.equal(inside, undefined, `${who} came in while ${inside} was inside`);
      inside = who;
    } else if (verb === 'leave') {
      assert.equal(who, inside, `${who} left while ${inside} was inside`);
      inside = undefined;
    } else if (verb === 'killed') {
      inside = undefined;
    }
  }
}

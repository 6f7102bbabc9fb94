import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileFolderError, FileMachineError } from './errors.ts';
import { codeOf } from './failure.ts';
import { localCalls, remoteCalls, type FileCalls } from './file-calls.ts';
import type { ResolvedOptions } from './file-options.ts';
import { MachineTime, ServerTime, type FolderTime } from './folder-time.ts';
import { KeyFolder } from './key-folder.ts';

const format = 1;
const checkEveryMs = 1000;
const readableLength = 40;

/** What `lockscope.json` says. */
interface Sign {
  readonly id: string;
  readonly shared: boolean;
  /** The run of the machine that uses the folder. */
  readonly run: string;
}

/** An open folder: the place of each key's files, and the time. */
export class Folder {
  readonly time: FolderTime;
  readonly #options: ResolvedOptions;
  readonly #id: string;
  readonly #files: FileCalls;
  readonly #locks: string;
  readonly #workshop: string;
  #checkAt: number;

  private constructor(options: ResolvedOptions, id: string) {
    const { path, shared, clock, clockToleranceMs } = options;
    this.#options = options;
    this.#id = id;
    this.#files = shared ? remoteCalls : localCalls;
    this.#locks = join(path, 'locks');
    this.#workshop = join(path, 'new');
    this.#checkAt = clock.monotonic() + checkEveryMs;
    this.time = shared ? new ServerTime(clock, this.#workshop, clockToleranceMs) : new MachineTime(clock);
  }

  /**
   * Opens the folder, and makes what is missing in it.
   *
   * @throws {FileFolderError} when it is not one that can be used.
   */
  static async open(options: ResolvedOptions): Promise<Folder> {
    const { path, shared, clock } = options;
    const run = shared ? '' : clock.bootId;
    const sign = (await readSign(path)) ?? (await makeSign(path, { id: randomUUID(), shared, run }));
    if (sign.shared !== shared) {
      const others = sign.shared ? 'with shared: true' : 'for one machine, without shared: true';
      throw new FileFolderError(path, 'open', `was opened ${others} before: all that use it have to say the same`);
    }
    if (sign.run !== run) await writeSign(path, { ...sign, run }, rename);
    const folder = new Folder(options, sign.id);
    for (const name of [folder.#locks, folder.#workshop]) await makeFolder(name);
    return folder;
  }

  key(key: string): KeyFolder {
    return new KeyFolder(this.#files, join(this.#locks, folderName(key)), this.#workshop);
  }

  /** The folders of all keys, in no order. */
  async keys(): Promise<readonly KeyFolder[]> {
    const names = await readdir(this.#locks);
    return names.map((name) => new KeyFolder(this.#files, join(this.#locks, name), this.#workshop));
  }

  /**
   * Looks now and then whether it is still the folder that was opened, and still of this machine alone.
   *
   * @throws {FileFolderError} when it is gone or another one: processes that open it now see none of its locks.
   * @throws {FileMachineError} when another machine has opened it since.
   */
  async check(operation: string): Promise<void> {
    const { path, shared, clock } = this.#options;
    const now = clock.monotonic();
    if (now < this.#checkAt) return;
    this.#checkAt = now + checkEveryMs;
    const sign = await readSign(path);
    if (sign?.id !== this.#id)
      throw new FileFolderError(path, operation, 'was removed or replaced while it was in use: its locks are lost');
    if (!shared && sign.run !== clock.bootId) throw new FileMachineError(path, operation);
  }
}

/** Readable as far as it can be, and never the same for two keys. */
function folderName(key: string): string {
  const readable = key.replaceAll(/[^\w.-]+/g, '_').slice(0, readableLength);
  // Half a surrogate pair has no UTF-8, so the units themselves are what is hashed.
  return `${readable}~${createHash('sha256').update(Buffer.from(key, 'utf16le')).digest('hex').slice(0, 40)}`;
}

async function readSign(path: string): Promise<Sign | undefined> {
  let text: string;
  try {
    text = await readFile(join(path, signName), 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const { lockscope, id, shared, run } = fieldsOf(text);
  if (lockscope !== format || typeof id !== 'string' || typeof shared !== 'boolean' || typeof run !== 'string')
    throw new FileFolderError(path, 'open', `has a ${signName} that this version of Lockscope did not write`);
  return { id, shared, run };
}

async function makeSign(path: string, sign: Sign): Promise<Sign> {
  const names = await readdir(path);
  if (!names.includes('locks')) {
    try {
      await writeSign(path, sign, link);
      return sign;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
  // Somebody was faster, and may have made more by now.
  const made = await readSign(path);
  if (made !== undefined) return made;
  throw new FileFolderError(path, 'open', `has a folder "locks" and no ${signName}: give a folder of its own`);
}

async function writeSign(path: string, sign: Sign, put: (from: string, to: string) => Promise<void>): Promise<void> {
  const draft = join(path, `${signName}.${randomBytes(8).toString('hex')}`);
  try {
    await writeFile(draft, `${JSON.stringify({ lockscope: format, ...sign })}\n`);
    await put(draft, join(path, signName));
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

const signName = 'lockscope.json';

import { randomBytes } from 'node:crypto';
import { codeOf } from './failure.ts';
import type { FileCalls } from './file-calls.ts';

/** The file whose name says which state of a key counts. There is one, and a change renames it. */
export interface Marker {
  readonly name: string;
  readonly version: number;
  /** The greatest token of the state, so that it is known even when the text is lost. */
  readonly tokens: number;
  /** The run of the clock in which it was written, shortened. */
  readonly run: string;
  readonly nonce: string;
}

/** What stands for one key. */
export interface Found {
  readonly marker: Marker;
  /** Undefined when the file with the text is gone or empty, as after a power failure. */
  readonly text: string | undefined;
  /** Files that no state needs any more. */
  readonly litter: readonly string[];
}

/** What is to stand there. */
export interface Content {
  readonly text: string;
  readonly tokens: number;
  readonly run: string;
}

/** A folder of Lockscope's in which there is no marker. */
export class NoMarkerError extends Error {}

const markerName = /^(\d{1,16})-(\d{1,16})-([0-9a-f]*)-([0-9a-f]+)\.now$/;
const textName = /^\d{1,16}-[0-9a-f]+\.json$/;
const looks = 20;

/**
 * The files of one key. A change first writes its text into a file of its own and then renames the marker. Of several
 * that start from the same marker only one finds it to rename, and names never come again: so a change happens whole or
 * not at all, only to the state that it was made for, and whoever dies in between leaves nothing but litter.
 */
export class KeyFolder {
  readonly #files: FileCalls;
  readonly #path: string;
  /** Where folders of new keys are made ready, on the same disk. */
  readonly #workshop: string;

  constructor(files: FileCalls, path: string, workshop: string) {
    this.#files = files;
    this.#path = path;
    this.#workshop = workshop;
  }

  /**
   * What stands there now; undefined when the key was never used.
   *
   * @throws {NoMarkerError} when it is no folder of a key.
   */
  async find(): Promise<Found | undefined> {
    for (let look = 1; ; look += 1) {
      const names = await this.#names();
      if (names === undefined) return undefined;
      const marker = lastMarker(names);
      // While another process changes it, a list of the files may have neither the old nor the new name.
      if (marker === undefined && look < looks) continue;
      if (marker === undefined) throw new NoMarkerError(`${this.#path} has no marker`);
      const text = await this.#text(marker);
      if (text === undefined && look < looks && (await this.#isGone(marker))) continue;
      return { marker, text, litter: names.filter((name) => isLitter(name, marker)) };
    }
  }

  /** Whether the text of a state that was known is there and unharmed. Whether it counts shows when it is replaced. */
  async has({ marker, text }: Found): Promise<boolean> {
    return text !== undefined && (await this.#text(marker)) === text;
  }

  /** Makes the first state of a key. Undefined when there is one by now. */
  async create(content: Content): Promise<Found | undefined> {
    const marker = markerOf(1, content);
    const ready = `${this.#workshop}/${marker.nonce}`;
    await this.#files.makeFolder(ready);
    try {
      await this.#files.write(`${ready}/${textFile(marker)}`, content.text);
      await this.#files.write(`${ready}/${marker.name}`, '');
      await this.#files.rename(ready, this.#path);
      return { marker, text: content.text, litter: [] };
    } catch (error) {
      await this.#files.removeFolder(ready);
      if (['ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) return undefined;
      throw error;
    }
  }

  /** Puts another state in the place of the one that was found. Undefined when that one is gone by now. */
  async replace({ marker: old }: Found, content: Content): Promise<Found | undefined> {
    const marker = markerOf(old.version + 1, content);
    const text = this.#file(textFile(marker));
    const done: Found = { marker, text: content.text, litter: [] };
    try {
      await this.#files.write(text, content.text);
      await this.#files.rename(this.#file(old.name), this.#file(marker.name));
      return done;
    } catch (error) {
      // A network file system that sends a request again can say so of a change that it has made.
      if (codeOf(error) === 'ENOENT' && (await this.#files.exists(this.#file(marker.name)))) return done;
      await this.#files.remove(text).catch(() => undefined);
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Removes what nobody needs after a change of what was found. */
  async tidy({ marker, litter }: Found): Promise<void> {
    const names = [textFile(marker), ...litter];
    await Promise.all(names.map((name) => this.#files.remove(this.#file(name)).catch(() => undefined)));
  }

  #file(name: string): string {
    return `${this.#path}/${name}`;
  }

  async #isGone({ name }: Marker): Promise<boolean> {
    return !(await this.#files.exists(this.#file(name)));
  }

  async #text(marker: Marker): Promise<string | undefined> {
    try {
      const text = await this.#files.read(this.#file(textFile(marker)));
      return text === '' ? undefined : text;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #names(): Promise<string[] | undefined> {
    try {
      return await this.#files.list(this.#path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}

function markerOf(version: number, { tokens, run }: Content): Marker {
  const nonce = nextNonce();
  return { name: `${version}-${tokens}-${run}-${nonce}.now`, version, tokens, run, nonce };
}

const mine = randomBytes(6).toString('hex');
let count = 0;

/** Never the same twice, in any process. */
function nextNonce(): string {
  count += 1;
  return `${mine}${count.toString(16).padStart(8, '0')}`;
}

function textFile({ version, nonce }: Marker): string {
  return `${version}-${nonce}.json`;
}

/** There is one; of two, as a list may have them that is made during a change, the later counts. */
function lastMarker(names: readonly string[]): Marker | undefined {
  let last: Marker | undefined;
  for (const name of names) {
    const [, version = '', tokens = '', run = '', nonce = ''] = markerName.exec(name) ?? [];
    if (version === '' || !Number.isSafeInteger(Number(version)) || !Number.isSafeInteger(Number(tokens))) continue;
    const marker = { name, version: Number(version), tokens: Number(tokens), run, nonce };
    if (last === undefined || marker.version > last.version) last = marker;
  }
  return last;
}

/**
 * A text that no marker names. Somebody may still work on it, but starts from this marker, and so in vain once it has
 * been replaced.
 */
function isLitter(name: string, marker: Marker): boolean {
  return textName.test(name) && name !== textFile(marker);
}

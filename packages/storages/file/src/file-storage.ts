import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import {
  ForeignRecordError,
  parseHolder,
  StorageClosedError,
  StorageError,
  type AcquireRequest,
  type AcquireResult,
  type Finding,
  type LeaseUpdate,
  type ListOptions,
  type LockRecord,
  type LockState,
  type LockStorage,
  type ReleaseResult,
  type RenewResult,
  type StorageCapabilities,
} from '@lockscope/storage';
import { storageName } from './errors.ts';
import { examineFolder } from './examination.ts';
import { describeFailure } from './failure.ts';
import { resolveOptions, type FileStorageOptions, type ResolvedOptions } from './file-options.ts';
import { Folder } from './folder.ts';
import { NoMarkerError, type Content, type Found, type KeyFolder } from './key-folder.ts';
import { force, recordOf, take, type KeyState } from './key-state.ts';
import { Lanes } from './lanes.ts';
import { lookAt, refusal, shortened, type Look } from './look.ts';
import { formatState, parseState } from './state-text.ts';

const retryAtOnce = 2;
const longestPauseMs = 8;
/** So many keys are looked at before others have their turn. */
const readTogether = 32;
const maxKnown = 1000;

/** What is to be written, and the answer once it is; without `write` the answer is given at once. */
interface Step<T> {
  readonly write?: KeyState;
  readonly answer: T;
}

/**
 * Locks in a folder, for the processes of one machine, or of several that share a disk. It is opened by the first
 * operation, and by the next one again when that failed. A process may be killed at any point: the folder needs no
 * repair, and nobody has to break anybody's lock file. Tokens never go back, also over a crash of the machine.
 */
export class FileStorage implements LockStorage {
  readonly name: string = storageName;
  readonly capabilities: StorageCapabilities;
  readonly #options: ResolvedOptions;
  readonly #lanes = new Lanes();
  #opening: Promise<Folder> | undefined;
  readonly #tidying = new Set<Promise<void>>();
  /** What this process wrote last. */
  readonly #known = new Map<string, { readonly state: KeyState; readonly found: Found }>();
  #closed = false;

  /** @throws {FileOptionsError} with all that is wrong with the options. */
  constructor(options: FileStorageOptions) {
    this.#options = resolveOptions(options);
    const reach = this.#options.shared ? 'network' : 'machine';
    this.capabilities = Object.freeze({
      reach,
      durable: true,
      notifies: false,
      queues: false,
      shares: false,
      turns: false,
    });
  }

  acquire(request: AcquireRequest): Promise<AcquireResult> {
    if (request.share !== undefined)
      return Promise.reject(new StorageError(this.name, 'acquire', 'it has no locks that several can share'));
    return this.#change('acquire', request.key, ({ state, held, moment, storageNow }): Step<AcquireResult> => {
      if (held === undefined) {
        const taken = take(state, request, moment);
        const { previous } = taken;
        return { write: taken, answer: { acquired: true, record: recordOf(taken), previous, storageNow } };
      }
      if (held.leaseId !== request.leaseId)
        return { answer: { acquired: false, record: recordOf(held), ahead: undefined, storageNow } };
      const again = { ...held, endsAt: moment.now + request.leaseMs };
      return { write: again, answer: { acquired: true, record: recordOf(again), previous: held.previous, storageNow } };
    });
  }

  renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult> {
    return this.#change('renew', key, ({ state, held, moment, storageNow }): Step<RenewResult> => {
      if (held?.leaseId !== leaseId)
        return { answer: { renewed: false, ...refusal(state, held, leaseId), storageNow } };
      const token = Math.max(held.token, update?.fencingToken ?? 0);
      const renewed = {
        ...held,
        holder: parseHolder(update?.holder) ?? held.holder,
        token,
        tokens: Math.max(held.tokens, token),
        endsAt: moment.now + leaseMs,
      };
      return { write: renewed, answer: { renewed: true, expiresAt: recordOf(renewed).expiresAt, storageNow } };
    });
  }

  release(key: string, leaseId: string): Promise<ReleaseResult> {
    return this.#change('release', key, ({ state, held, moment }): Step<ReleaseResult> => {
      if (held?.leaseId !== leaseId) return { answer: { released: false, ...refusal(state, held, leaseId) } };
      return { write: { ...held, releasedAt: moment.now }, answer: { released: true } };
    });
  }

  forceRelease(key: string): Promise<LockRecord | undefined> {
    return this.#change('force release', key, ({ held, moment }): Step<LockRecord | undefined> => {
      if (held === undefined) return { answer: undefined };
      return { write: force(held, moment), answer: recordOf(held) };
    });
  }

  read(key: string): Promise<LockState> {
    return this.#do('read', async (folder) => {
      const { held, storageNow } = await this.#look('read', folder, folder.key(key), key);
      return { record: held && recordOf(held), waiters: [], storageNow };
    });
  }

  /** Leaves out what Lockscope did not write; who asks for the key is told of it. */
  async *list({ prefix = '' }: ListOptions = {}): AsyncGenerator<LockState & { readonly record: LockRecord }> {
    const looks = await this.#do('list', async (folder) => {
      const keys = await folder.keys();
      const seen: (Look | undefined)[] = [];
      for (let start = 0; start < keys.length; start += readTogether) {
        const some = keys.slice(start, start + readTogether).map((files) => this.#lookOrSkip(folder, files));
        seen.push(...(await Promise.all(some)).filter((look) => look?.held?.key.startsWith(prefix)));
        await turn();
      }
      return seen;
    });
    const states = looks.flatMap((look) =>
      look?.held === undefined ? [] : [{ record: recordOf(look.held), storageNow: look.storageNow }],
    );
    for (const { record, storageNow } of states.toSorted((a, b) => (a.record.key < b.record.key ? -1 : 1)))
      yield { record, waiters: [], storageNow };
  }

  /** Says whether the disk, its clock and its space are fit for locks. */
  examine(): Promise<readonly Finding[]> {
    return this.#do('examine', () => examineFolder(this.#options));
  }

  /** Waits until files that nobody needs are removed. Closing again does nothing. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#tidying);
  }

  /** Looks, decides and writes; again from the look on when somebody else has written in between. */
  #change<T>(operation: string, key: string, decide: (look: Look) => Step<T>): Promise<T> {
    return this.#lanes.run(key, () =>
      this.#do(operation, async (folder) => {
        const files = folder.key(key);
        const fast = await this.#changeKnown(folder, files, key, decide);
        if (fast !== undefined) return fast.answer;
        const deadline = performance.now() + this.#options.busyTimeoutMs;
        for (let tries = 1; ; tries += 1) {
          const look = await this.#look(operation, folder, files, key);
          const { write, answer } = decide(look);
          if (write === undefined || (await this.#write(files, look.found, write))) return answer;
          if (performance.now() > deadline)
            throw new Error(
              `others changed it for more than ${this.#options.busyTimeoutMs} ms, ${tries} times in a row`,
            );
          await pause(tries);
        }
      }),
    );
  }

  /**
   * Takes what this process wrote last for what counts. If it does not, the change finds no marker to rename, and nothing
   * has happened; what needs no change is answered only after a look.
   */
  async #changeKnown<T>(
    folder: Folder,
    files: KeyFolder,
    key: string,
    decide: (look: Look) => Step<T>,
  ): Promise<{ readonly answer: T } | undefined> {
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    const { write, answer } = decide(lookAt(known.found, known.state, await folder.time.read()));
    const isRight = write !== undefined && (await files.has(known.found));
    if (isRight && (await this.#write(files, known.found, write))) return { answer };
    this.#known.delete(key);
    return undefined;
  }

  async #write(files: KeyFolder, before: Found | undefined, state: KeyState): Promise<boolean> {
    const content: Content = { text: formatState(state), tokens: state.tokens, run: shortened(state.run) };
    const found = before === undefined ? await files.create(content) : await files.replace(before, content);
    if (found === undefined) return false;
    if (before !== undefined) this.#tidy(files.tidy(before));
    this.#remember(state, found);
    return true;
  }

  #remember(state: KeyState, found: Found): void {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= maxKnown && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(state.key, { state, found });
  }

  /** Nobody waits for it. */
  #tidy(work: Promise<void>): void {
    const tracked = work.finally(() => this.#tidying.delete(tracked));
    this.#tidying.add(tracked);
  }

  /** @throws {ForeignRecordError} when what stands there is not Lockscope's. */
  async #look(operation: string, folder: Folder, files: KeyFolder, key?: string): Promise<Look> {
    // Before the look: no lease can be over by it that was renewed since.
    const moment = await folder.time.read();
    const foreign = (problem: string, cause?: unknown): ForeignRecordError =>
      new ForeignRecordError(this.name, operation, key ?? '', problem, { cause });
    let found: Found | undefined;
    try {
      found = await files.find();
    } catch (error) {
      if (error instanceof NoMarkerError) throw foreign(error.message, error);
      throw error;
    }
    if (found === undefined) return lookAt(undefined, undefined, moment);
    const { text, marker } = found;
    if (text === undefined) {
      // A power failure can take a text and leave the marker. Whoever had the lock is gone with the machine.
      if (marker.run === shortened(moment.run)) throw foreign('its text is gone');
      return lookAt(found, { tokens: marker.tokens }, moment);
    }
    const state = parseState(key, text);
    if (typeof state === 'string') throw foreign(state);
    return lookAt(found, state, moment);
  }

  async #lookOrSkip(folder: Folder, files: KeyFolder): Promise<Look | undefined> {
    try {
      return await this.#look('list', folder, files);
    } catch (error) {
      if (error instanceof ForeignRecordError) return undefined;
      throw error;
    }
  }

  async #do<T>(operation: string, work: (folder: Folder) => Promise<T>): Promise<T> {
    if (this.#closed) throw new StorageClosedError(this.name, operation);
    try {
      const folder = await (this.#opening ??= Folder.open(this.#options));
      await folder.check(operation);
      return await work(folder);
    } catch (error) {
      if (error instanceof ForeignRecordError) throw error;
      this.#opening = undefined;
      this.#known.clear();
      if (error instanceof StorageError) throw error;
      throw new StorageError(this.name, operation, describeFailure(error, this.#options.path), { cause: error });
    }
  }
}

/** Changes of others are short: two turns of the event loop, then up to 8 ms, spread by a half. */
function pause(tries: number): Promise<void> {
  if (tries <= retryAtOnce) return turn();
  return sleep(Math.min(longestPauseMs, 2 ** (tries - retryAtOnce)) * (0.5 + Math.random() / 2));
}

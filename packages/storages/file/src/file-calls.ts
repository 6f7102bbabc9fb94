import * as direct from 'node:fs';
import * as pooled from 'node:fs/promises';

/** The calls that the files of a key need. */
export interface FileCalls {
  list(path: string): Promise<string[]>;
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  exists(path: string): Promise<boolean>;
}

/**
 * Calls without a thread in between, for a disk of this machine: it answers from memory, within microseconds, and the
 * way to a thread and back costs several times that.
 */
export const localCalls: FileCalls = {
  list: async (path) => direct.readdirSync(path),
  read: async (path) => direct.readFileSync(path, 'utf8'),
  write: async (path, text) => direct.writeFileSync(path, text),
  rename: async (from, to) => direct.renameSync(from, to),
  remove: async (path) => direct.unlinkSync(path),
  makeFolder: async (path) => direct.mkdirSync(path),
  removeFolder: async (path) => direct.rmSync(path, { recursive: true, force: true }),
  exists: async (path) => direct.existsSync(path),
};

/** Calls that leave the event loop alone, for a disk at the other end of a network: it may stand still for long. */
export const remoteCalls: FileCalls = {
  list: (path) => pooled.readdir(path),
  read: (path) => pooled.readFile(path, 'utf8'),
  write: (path, text) => pooled.writeFile(path, text),
  rename: (from, to) => pooled.rename(from, to),
  remove: (path) => pooled.unlink(path),
  makeFolder: (path) => pooled.mkdir(path),
  removeFolder: (path) => pooled.rm(path, { recursive: true, force: true }),
  exists: async (path) =>
    pooled.access(path).then(
      () => true,
      () => false,
    ),
};

import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { localCalls, type FileCalls } from '../src/file-calls.ts';
import { KeyFolder, NoMarkerError, type Content, type Found } from '../src/key-folder.ts';
import { newFolder } from './folders.ts';

function content(text: string, tokens = 1): Content {
  return { text, tokens, run: 'abc' };
}

class Died extends Error {}

/** The calls of a process that is killed before the call of this number. */
function dyingAt(fatal: number): FileCalls {
  let calls = 0;
  const entries = Object.entries(localCalls).map(([name, call]: [string, (...rest: never[]) => unknown]) => [
    name,
    (...rest: never[]) => {
      calls += 1;
      return calls >= fatal ? Promise.reject(new Died()) : call(...rest);
    },
  ]);
  return Object.fromEntries(entries) as FileCalls;
}

function open(calls: FileCalls = localCalls, root = newFolder()) {
  const workshop = join(root, 'new');
  mkdirSync(workshop, { recursive: true });
  const path = join(root, 'key');
  return { root, path, files: new KeyFolder(calls, path, workshop) };
}

async function found(files: KeyFolder): Promise<Found> {
  const result = await files.find();
  if (result === undefined) throw new Error('nothing was found');
  return result;
}

/** Changes it, as a process that may die; true when the change was seen to be done. */
async function changes(files: KeyFolder, text: string): Promise<boolean> {
  try {
    const before = await files.find();
    const done = before === undefined ? await files.create(content(text)) : await files.replace(before, content(text));
    if (done !== undefined && before !== undefined) await files.tidy(before);
    return done !== undefined;
  } catch (error) {
    if (error instanceof Died) return false;
    throw error;
  }
}

describe('the state of a key', () => {
  test('is whole and changeable after a process died at any point of its first change', async () => {
    for (let fatal = 1; fatal <= 8; fatal += 1) {
      const { root, files } = open();
      const done = await changes(open(dyingAt(fatal), root).files, 'first');
      const text = (await files.find())?.text;
      expect([undefined, 'first']).toContain(text);
      if (done) expect(text).toBe('first');
      expect(await changes(files, 'next')).toBe(true);
      expect((await found(files)).text).toBe('next');
    }
  });

  test('is whole and changeable after a process died at any point of a later change', async () => {
    for (let fatal = 1; fatal <= 8; fatal += 1) {
      const { root, path, files } = open();
      await changes(files, 'before');
      const done = await changes(open(dyingAt(fatal), root).files, 'after');
      const { text } = await found(files);
      expect(['before', 'after']).toContain(text);
      if (done) expect(text).toBe('after');
      await changes(files, 'next');
      expect((await found(files)).text).toBe('next');
      await changes(files, 'last');
      expect(readdirSync(path)).toHaveLength(2);
    }
  });

  test('is changed by one of many that saw the same', async () => {
    const { files } = open();
    const first = await Promise.all(['a', 'b', 'c'].map((text) => files.create(content(text))));
    expect(first.filter(Boolean)).toHaveLength(1);
    const before = await found(files);
    const then = await Promise.all(['d', 'e', 'f'].map((text) => files.replace(before, content(text))));
    expect(then.filter(Boolean)).toHaveLength(1);
  });

  test('is never changed by somebody who saw an earlier one, however long ago', async () => {
    const { files } = open();
    await files.create(content('first'));
    const stale = await found(files);
    for (const text of ['second', 'third', 'fourth']) await changes(files, text);
    expect(await files.replace(stale, content('late'))).toBeUndefined();
    expect((await found(files)).text).toBe('fourth');
    expect(await files.create(content('late'))).toBeUndefined();
  });

  test('is found whole while others change it', async () => {
    const { root, files } = open();
    await files.create(content('first'));
    let changesBetween = 3;
    const list = async (path: string): Promise<string[]> => {
      const names = await localCalls.list(path);
      if (changesBetween > 0) await changes(files, `change ${(changesBetween -= 1)}`);
      return names;
    };
    expect((await found(open({ ...localCalls, list }, root).files)).text).toBe('change 0');
  });

  test('is found although a list of files that is made during a change has no marker', async () => {
    const { root, files } = open();
    await files.create(content('first'));
    let without = 3;
    const list = async (path: string): Promise<string[]> => {
      const names = await localCalls.list(path);
      without -= 1;
      return without < 0 ? names : names.filter((name) => !name.endsWith('.now'));
    };
    expect((await found(open({ ...localCalls, list }, root).files)).text).toBe('first');
  });

  test('is known to be changed although the answer of the change got lost and it was sent again', async () => {
    const { root, files } = open();
    await files.create(content('first'));
    const rename = async (from: string, to: string): Promise<void> => {
      await localCalls.rename(from, to);
      await localCalls.rename(from, to);
    };
    const remote = open({ ...localCalls, rename }, root).files;
    expect(await remote.replace(await found(remote), content('second'))).toMatchObject({ text: 'second' });
    expect((await found(files)).text).toBe('second');
  });

  test('is known by its tokens when its text is lost', async () => {
    const { path, files } = open();
    await files.create(content('text', 42));
    const [name = ''] = readdirSync(path).filter((file) => file.endsWith('.json'));
    truncateSync(join(path, name));
    expect(await found(files)).toMatchObject({ text: undefined, marker: { tokens: 42, run: 'abc' } });
    rmSync(join(path, name));
    expect(await found(files)).toMatchObject({ text: undefined, marker: { tokens: 42 } });
  });

  test('is none where there is no marker: a folder of somebody else', async () => {
    const { path, files } = open();
    mkdirSync(path);
    writeFileSync(join(path, 'notes.txt'), 'mine');
    await expect(files.find()).rejects.toBeInstanceOf(NoMarkerError);
  });

  test('leaves alone what is not its own', async () => {
    const { path, files } = open();
    await files.create(content('first'));
    writeFileSync(join(path, 'notes.txt'), 'mine');
    await changes(files, 'second');
    expect(readdirSync(path)).toContain('notes.txt');
  });
});

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { FakeClock } from '@lockscope/testkit';
import { describe, expect, test } from 'vitest';
import { FileFolderError, FileMachineError, FileStorage } from '../src/index.ts';
import { describeFailure } from '../src/failure.ts';
import { newFolder } from './folders.ts';
import { onMachine } from './machine.ts';
import { request, taken } from '../../../../test/support/requests.ts';

function keyFolder(path: string, key: string): string {
  const [name = ''] = readdirSync(join(path, 'locks')).filter((folder) => folder.startsWith(`${key}~`));
  return join(path, 'locks', name);
}

function fileIn(folder: string, end: string): string {
  const [name = ''] = readdirSync(folder).filter((file) => file.endsWith(end));
  return join(folder, name);
}

describe('a folder', () => {
  test('that does not exist is told by name, and used as soon as it is there', async () => {
    const path = join(newFolder(), 'missing');
    const storage = new FileStorage({ path });
    await expect(storage.acquire(request('a', 'x'))).rejects.toThrow(`${path} does not exist`);
    mkdirSync(path);
    expect((await taken(storage, 'a', 'x')).fencingToken).toBe(1);
  });

  test('that is a file, or where nobody may write, is told as such', async () => {
    const file = join(newFolder(), 'file');
    writeFileSync(file, '');
    await expect(new FileStorage({ path: file }).read('a')).rejects.toThrow('is not a folder');
    await expect(new FileStorage({ path: '/sys' }).read('a')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(describeFailure({ code: 'EROFS' }, '/locks')).toContain('mounted read-only');
    expect(describeFailure({ code: 'ENOSPC' }, '/locks')).toContain('a disk that is full');
    expect(describeFailure({ code: 'EACCES' }, '/locks')).toContain('look at its owner and mode');
  });

  test('of another version of Lockscope is left alone', async () => {
    const path = newFolder();
    writeFileSync(join(path, 'lockscope.json'), '{"lockscope":2}');
    const error: unknown = await new FileStorage({ path }).read('a').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FileFolderError);
    expect(error).toMatchObject({ code: 'FILE_FOLDER', path });
    expect(readdirSync(path)).toEqual(['lockscope.json']);
  });

  test('of something else that has "locks" in it is left alone', async () => {
    const path = newFolder();
    mkdirSync(join(path, 'locks'));
    await expect(new FileStorage({ path }).read('a')).rejects.toThrow('give a folder of its own');
    expect(readdirSync(path)).toEqual(['locks']);
  });

  test('is not used by some for one machine and by others for several', async () => {
    const path = newFolder();
    await taken(new FileStorage({ path }), 'a', 'x');
    await expect(new FileStorage({ path, shared: true }).read('a')).rejects.toThrow(
      'all that use it have to say the same',
    );
  });

  test('that was removed while it was in use is no free folder', async () => {
    const path = newFolder();
    const time = new FakeClock();
    const storage = new FileStorage({ path, clock: onMachine(time) });
    await taken(storage, 'a', 'x');
    rmSync(path, { recursive: true });
    await expect(storage.acquire(request('a', 'y'))).rejects.toThrow('does not exist');
    await time.advance(1000);
    await expect(storage.read('a')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(existsSync(path)).toBe(false);
  });

  test('that was replaced while it was in use is noticed within a second', async () => {
    const path = newFolder();
    const time = new FakeClock();
    const clock = onMachine(time);
    const storage = new FileStorage({ path, clock });
    await taken(storage, 'a', 'x');
    renameSync(path, `${path}-old`);
    mkdirSync(path);
    await taken(new FileStorage({ path, clock }), 'a', 'y');
    await time.advance(1000);
    await expect(storage.renew('a', 'x', 1000)).rejects.toThrow('removed or replaced while it was in use');
    rmSync(`${path}-old`, { recursive: true });
    expect((await storage.read('a')).record?.leaseId).toBe('y');
  });

  test('that another machine uses too is noticed within a second by the first', async () => {
    const path = newFolder();
    const time = new FakeClock();
    const storage = new FileStorage({ path, clock: onMachine(time, 'aaaa') });
    await taken(storage, 'a', 'x');
    await new FileStorage({ path, clock: onMachine(new FakeClock(), 'bbbb') }).read('a');
    await time.advance(1000);
    const error: unknown = await storage.renew('a', 'x', 1000).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FileMachineError);
    expect(error).toMatchObject({ code: 'FILE_OTHER_MACHINE', path });
  });

  test('has names that people can read, and no two keys share one', async () => {
    const path = newFolder();
    const storage = new FileStorage({ path });
    for (const key of ['orders/42', 'orders_42', '../../etc', '']) await taken(storage, key, `lease of ${key}`);
    const names = readdirSync(join(path, 'locks'));
    expect(names).toHaveLength(4);
    expect(names.filter((name) => name.startsWith('orders_42~'))).toHaveLength(2);
    expect(readdirSync(path).toSorted()).toEqual(['locks', 'lockscope.json', 'new']);
  });
});

describe('a record that Lockscope did not write', () => {
  test('is foreign when its marker is gone, and stays as it is', async () => {
    const path = newFolder();
    const storage = new FileStorage({ path });
    await taken(storage, 'a', 'x');
    rmSync(fileIn(keyFolder(path, 'a'), '.now'));
    await expect(storage.acquire(request('a', 'y'))).rejects.toMatchObject({ code: 'FOREIGN_RECORD', key: 'a' });
    expect(readdirSync(keyFolder(path, 'a'))).toHaveLength(1);
  });

  test('is foreign when its text is gone while the machine runs', async () => {
    const path = newFolder();
    const storage = new FileStorage({ path });
    await taken(storage, 'a', 'x');
    truncateSync(fileIn(keyFolder(path, 'a'), '.json'));
    await expect(storage.acquire(request('a', 'y'))).rejects.toMatchObject({ code: 'FOREIGN_RECORD' });
  });

  test('is foreign when it is the record of another key', async () => {
    const path = newFolder();
    const storage = new FileStorage({ path });
    await taken(storage, 'a', 'x');
    await storage.release('a', 'x');
    await taken(storage, 'b', 'x');
    const target = keyFolder(path, 'b');
    rmSync(target, { recursive: true });
    cpSync(keyFolder(path, 'a'), target, { recursive: true });
    await expect(storage.read('b')).rejects.toMatchObject({ code: 'FOREIGN_RECORD' });
  });

  test.each([
    ['another format', { lockscope: 2 }],
    ['a holder without an owner', { holder: {} }],
    ['a token that is none', { token: -1 }],
    ['tokens less than its token', { tokens: 0 }],
    ['times that are none', { endsAt: 'soon' }],
    ['a release at no time', { releasedAt: null }],
    ['no lease', { leaseId: 7 }],
  ])('is foreign with %s', async (_, damage) => {
    const path = newFolder();
    const storage = new FileStorage({ path });
    await taken(storage, 'a', 'x');
    const file = fileIn(keyFolder(path, 'a'), '.json');
    const text = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...text, ...damage }));
    await expect(storage.read('a')).rejects.toMatchObject({ code: 'FOREIGN_RECORD' });
    await expect(storage.release('a', 'x')).rejects.toMatchObject({ code: 'FOREIGN_RECORD' });
  });
});

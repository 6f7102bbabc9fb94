import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FileSink, FileSinkError, type FileSinkOptions, type Repair } from '../../src/file/index.ts';
import { EncodingError, isSinkClosed, Queue, Retrying, exponentialBackoff } from '../../src/index.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockscope-file-sink-'));
  path = join(folder, 'logs', 'events.jsonl');
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

const read = async (file = path): Promise<unknown[]> =>
  (await readFile(file, 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);

async function written(events: readonly unknown[], options: Partial<FileSinkOptions> = {}): Promise<FileSink> {
  const sink = new FileSink({ path, ...options });
  await Promise.all(events.map((event) => sink.write(event)));
  await sink.close();
  return sink;
}

describe('a file sink', () => {
  it('writes each event as a line of JSON, in the order of the writes', async () => {
    const events = Array.from({ length: 5000 }, (_, n) => ({ n, text: 'line\nbreak \u2028 "quoted"' }));
    const sink = await written(events);
    expect(await read()).toEqual(events);
    expect(sink.written).toBe(5000);
  });

  it('has written the line when the write resolves', async () => {
    const sink = new FileSink({ path, fsync: 'always' });
    for (let n = 0; n < 20; n += 1) {
      await sink.write(n);
      expect(await read()).toHaveLength(n + 1);
    }
    await sink.close();
  });

  it('goes on with a file that is there', async () => {
    await written([1, 2]);
    await written([3]);
    expect(await read()).toEqual([1, 2, 3]);
  });

  it('makes files that only their owner may read, or as it is told', async () => {
    await written([1]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await rm(path);
    await written([1], { mode: 0o640 });
    expect((await stat(path)).mode & 0o777 & ~0o027).toBe(0o640);
  });

  it('refuses what is no line, and goes on', async () => {
    const sink = new FileSink({ path, encode: String });
    await expect(sink.write('a\nb')).rejects.toBeInstanceOf(EncodingError);
    await sink.write('"ok"');
    expect(await read()).toEqual(['ok']);
    const plain = new FileSink({ path });
    await expect(plain.write(1n)).rejects.toBeInstanceOf(EncodingError);
    await expect(plain.write(undefined)).rejects.toBeInstanceOf(EncodingError);
    await plain.write(null);
    await sink.close();
    await plain.close();
  });

  it('takes nothing after close, and closes twice', async () => {
    const sink = await written([1]);
    expect(await sink.close()).toEqual({ undelivered: 0 });
    expect(isSinkClosed(await sink.write(2).catch((error: unknown) => error))).toBe(true);
    expect(await read()).toEqual([1]);
  });

  it('writes all that was under way before it closes', async () => {
    const sink = new FileSink({ path });
    const writes = Array.from({ length: 100 }, (_, n) => sink.write(n));
    await sink.close();
    await Promise.all(writes);
    expect(await read()).toHaveLength(100);
  });

  it('names everything that is wrong with its options', () => {
    const wrong = { path: '', maxBytes: 0, maxAgeMs: -1, keep: 1.5, fsync: 'daily' as never, fsyncIntervalMs: 2 ** 31 };
    expect(() => new FileSink(wrong)).toThrow(
      'path must be a string that is not empty; maxBytes must be above 0, got 0; maxAgeMs must be above 0, got -1; ' +
        'keep must be an integer from 0 to 10000, got 1.5; fsync must be always, interval, never, got daily; ' +
        'fsyncIntervalMs must be above 0 and at most 2147483647, got 2147483648',
    );
  });
});

describe('rotation', () => {
  it('keeps files below their size, loses nothing that is kept, and lets go of the oldest', async () => {
    const events = Array.from({ length: 100 }, (_, n) => ({ n, text: 'x'.repeat(80) }));
    const sink = await written(events, { maxBytes: 1000, keep: 3 });
    expect((await readdir(join(folder, 'logs'))).toSorted()).toEqual(
      ['', '.1', '.2', '.3'].map((end) => `events.jsonl${end}`),
    );
    const kept: unknown[] = [];
    for (const name of ['.3', '.2', '.1', '']) {
      expect((await stat(path + name)).size).toBeLessThanOrEqual(1000);
      kept.push(...(await read(path + name)));
    }
    expect(kept).toEqual(events.slice(-kept.length));
    expect(sink.rotations).toBeGreaterThan(8);
  });

  it('writes a line that is larger than a file may be into a file of its own', async () => {
    await written([1, 'x'.repeat(500), 2], { maxBytes: 100 });
    expect([await read(`${path}.2`), await read(`${path}.1`), await read()]).toEqual([[1], ['x'.repeat(500)], [2]]);
  });

  it('begins a new file when the old one is too old, also one of an earlier process', async () => {
    await written([1]);
    // The age of a file is that of the system, so that it outlives the process: only the clock that asks is moved on.
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 3_600_001);
    await written([2], { maxAgeMs: 3_600_000 });
    expect([await read(`${path}.1`), await read()]).toEqual([[1], [2]]);
  });

  it('keeps nothing but the file itself when it is told so', async () => {
    await written([1, 2, 3], { maxBytes: 2, keep: 0 });
    expect(await readdir(join(folder, 'logs'))).toEqual(['events.jsonl']);
    expect(await read()).toEqual([3]);
  });

  it('goes on after a rotation that failed', async () => {
    const sink = new FileSink({ path, maxBytes: 2, keep: 1 });
    await sink.write(1);
    // A folder stands where the older file has to go.
    await mkdir(join(`${path}.1`, 'in the way'), { recursive: true });
    await expect(sink.write(2)).rejects.toMatchObject({ code: 'FILE_FAILED', operation: 'rotate', retryable: true });
    await rm(`${path}.1`, { recursive: true });
    await sink.write(3);
    await sink.close();
    expect([await read(`${path}.1`), await read()]).toEqual([[1], [3]]);
  });
});

describe('a last line that is torn', () => {
  it('is cut, wherever it was torn, and what follows can be read', async () => {
    const whole = '{"n":1}\n{"n":2}\n{"n":3,"text":"é"}\n';
    const size = Buffer.byteLength(whole);
    const lines = [8, 16, size];
    for (let cut = 0; cut <= size; cut += 1) {
      await mkdir(join(folder, 'logs'), { recursive: true });
      await writeFile(path, whole);
      await truncate(path, cut);
      const repairs: Repair[] = [];
      const sink = await written([{ n: 4 }], { onRepair: (repair) => repairs.push(repair) });
      const committed = lines.filter((end) => end <= cut).length;
      // Without its line break a line may be whole all the same, and is then kept.
      const closedOff = lines.some((end) => end === cut + 1);
      expect(await read()).toHaveLength(committed + (closedOff ? 1 : 0) + 1);
      const torn = !lines.includes(cut) && cut > 0;
      const cutBytes = torn && !closedOff ? cut - (lines.findLast((end) => end <= cut) ?? 0) : 0;
      expect(repairs).toEqual(torn ? [{ path, cutBytes, closedOff }] : []);
      expect(sink.cutBytes).toBe(cutBytes);
    }
  });

  it('is cut when it says itself nowhere that it is complete, and when it is very long', async () => {
    await mkdir(join(folder, 'logs'), { recursive: true });
    await writeFile(path, '1\n12');
    await written([3]);
    expect(await read()).toEqual([1, 3]);
    await writeFile(path, `1\n"${'x'.repeat(300_000)}`);
    await written([3]);
    expect(await read()).toEqual([1, 3]);
  });
});

describe('a file that cannot be written', () => {
  const full = '/dev/full';

  it.skipIf(!existsSync(full))('because the disk is full is told, and the process goes on', async () => {
    const sink = new FileSink({ path: full, fsync: 'never' });
    const error = await sink.write(1).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FileSinkError);
    expect(error).toMatchObject({
      code: 'FILE_FAILED',
      operation: 'write',
      reason: 'ENOSPC',
      path: full,
      retryable: true,
    });
    await expect(sink.write(2)).rejects.toMatchObject({ reason: 'ENOSPC' });
    expect(sink.written).toBe(0);
    await sink.close();
  });

  it('because a file stands where a folder has to be is told, and is written once it has gone', async () => {
    const blocked = join(folder, 'logs');
    await writeFile(blocked, '');
    const sink = new FileSink({ path });
    await expect(sink.write(1)).rejects.toMatchObject({
      operation: 'open',
      reason: expect.stringMatching(/EEXIST|ENOTDIR/),
    });
    await rm(blocked);
    await sink.write(2);
    await sink.close();
    expect(await read()).toEqual([2]);
  });

  it('loses nothing behind a queue and a sink that retries', async () => {
    const blocked = join(folder, 'logs');
    await writeFile(blocked, '');
    const strategy = exponentialBackoff({ baseMs: 1, factorMs: 1, maxMs: 5 });
    let failures = 0;
    const onRetry = (): void => {
      failures += 1;
      if (failures === 3) void rm(blocked);
    };
    const queue = new Queue<number>(new Retrying(new FileSink({ path }), { strategy, maxAttempts: Infinity, onRetry }));
    for (let n = 0; n < 50; n += 1) await queue.write(n);
    expect(await queue.close()).toEqual({ undelivered: 0 });
    expect(await read()).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });
});

import { systemClock } from '@lockscope/storage';
import { describe, expect, test } from 'vitest';
import { FileOptionsError, FileStorage, type FileStorageOptions, type MachineClock } from '../src/index.ts';
import { newFolder } from './folders.ts';
import { request } from '../../../../test/support/requests.ts';

function problemsOf(options: unknown): readonly string[] {
  try {
    const storage = new FileStorage(options as FileStorageOptions);
    expect(storage.name).toBe('file');
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(FileOptionsError);
    expect((error as FileOptionsError).code).toBe('INVALID_OPTIONS');
    return (error as FileOptionsError).problems;
  }
}

describe('options', () => {
  test('that do not fit are told all at once, each with its value', () => {
    expect(
      problemsOf({
        path: '',
        shared: 'yes',
        busyTimeoutMs: -1,
        clockToleranceMs: Infinity,
        clock: systemClock as unknown as MachineClock,
        folder: 'x',
      }),
    ).toEqual([
      'there is no option "folder"; known are path, shared, clockToleranceMs, busyTimeoutMs, clock',
      'path must be the name of a folder, got ',
      'shared must be true or false, got yes',
      'clockToleranceMs must be from 0 to 2147483647, got Infinity',
      'busyTimeoutMs must be from 0 to 2147483647, got -1',
      'clock must not be systemClock, whose monotonic() differs from process to process',
    ]);
    expect(problemsOf(undefined)).toEqual(['give a path']);
    expect(problemsOf({ path: 'x', clockToleranceMs: 5 })).toEqual(['clockToleranceMs goes with shared: true']);
  });

  test('are all that is looked at before the first operation', () => {
    expect(problemsOf({ path: '/does/not/exist' })).toEqual([]);
  });
});

test('a lock that several could share is refused, not given alone', async () => {
  const storage = new FileStorage({ path: newFolder() });
  await expect(storage.acquire(request('a', 'x', { share: 2 }))).rejects.toThrow('no locks that several can share');
});

describe('a check of the folder', () => {
  test('looks at the file system, the space and the clock', async () => {
    const findings = await new FileStorage({ path: newFolder() }).examine();
    expect(findings.map(({ check }) => check)).toEqual(['file-system', 'free-space', 'file-clock']);
    expect(findings.find(({ check }) => check === 'file-clock')).toMatchObject({ level: 'ok' });
  });

  test('warns who shares a disk that is not shared', async () => {
    const [first] = await new FileStorage({ path: newFolder(), shared: true }).examine();
    expect(first).toMatchObject({ level: 'warning', check: 'file-system' });
  });
});

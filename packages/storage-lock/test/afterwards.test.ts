import { setImmediate as nextTurn } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { afterwards } from '../src/afterwards.ts';

describe('what comes afterwards', () => {
  it('comes when those who were answered have gone on as far as they can, and before anything from outside', async () => {
    const order: string[] = [];
    const outside = new Promise<void>((resolve) => {
      setImmediate(() => {
        order.push('outside');
        resolve();
      });
    });
    const answered = Promise.resolve();
    afterwards(() => order.push('first'));
    afterwards(() => order.push('second'));
    const caller = async (): Promise<void> => {
      for (let step = 1; step <= 5; step += 1) {
        await answered;
        order.push(`step ${step}`);
      }
    };
    void caller();
    await outside;
    expect(order).toEqual(['step 1', 'step 2', 'step 3', 'step 4', 'step 5', 'first', 'second', 'outside']);
  });

  it('comes after one that failed, too', async () => {
    const order: string[] = [];
    const failures: unknown[] = [];
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => failures.push(error));
    try {
      afterwards(() => {
        throw new Error('one that failed');
      });
      afterwards(() => order.push('the other'));
      await nextTurn();
      await nextTurn();
    } finally {
      for (const listener of before) process.on('uncaughtException', listener);
    }
    expect(order).toEqual(['the other']);
    expect(String(failures)).toBe('Error: one that failed');
  });
});

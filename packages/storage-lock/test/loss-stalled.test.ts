import { MemoryStorage } from '@lockscope/storage';
import { describe, expect, it, onTestFinished } from 'vitest';

import { createLocks, type LockLostError } from '../src/index.ts';
import { blockEventLoop } from './support/block-event-loop.ts';

// On the clock of this process: what is proved here is how it looks to a program whose event loop is really blocked.
describe('an event loop that is blocked for longer than the lease', () => {
  it('makes assertHeld() throw on the very next line', async () => {
    const locks = createLocks({ storage: new MemoryStorage(), leaseMs: 300, marginMs: 100 });
    onTestFinished(() => locks.close());
    const lock = await locks.acquire('a');
    const { signal } = lock;
    blockEventLoop(600);
    expect(() => lock.assertHeld()).toThrow(/^lost "a" \(token 1\): this process was too busy to renew it in time/);
    expect(signal.aborted).toBe(true);
    const { reason, evidence } = signal.reason as LockLostError;
    expect(reason).toBe('stalled');
    expect(evidence.sinceConfirmedMs).toBeGreaterThanOrEqual(600);
    expect(evidence.eventLoopDelayMs).toBeGreaterThanOrEqual(300);
    expect(evidence).toMatchObject({ failedRenewals: 0, renewalPending: false });
  });

  it.each([
    ['state', (lock: { readonly state: string }) => lock.state === 'lost'],
    ['remainingMs()', (lock: { remainingMs(): number }) => lock.remainingMs() === 0],
    ['signal', (lock: { readonly signal: AbortSignal }) => lock.signal.aborted],
  ])('is seen by %s on the very next line', async (_name, knows) => {
    const locks = createLocks({ storage: new MemoryStorage(), leaseMs: 300, marginMs: 100 });
    onTestFinished(() => locks.close());
    const lock = await locks.acquire('a');
    blockEventLoop(600);
    expect(knows(lock)).toBe(true);
  });

  it('aborts the signal as soon as the loop turns, when nobody looks before', async () => {
    const locks = createLocks({ storage: new MemoryStorage(), leaseMs: 300, marginMs: 100 });
    onTestFinished(() => locks.close());
    const lock = await locks.acquire('a');
    const lost = new Promise<unknown>((resolve) => {
      lock.signal.addEventListener('abort', () => resolve(lock.signal.reason));
    });
    blockEventLoop(600);
    expect(await lost).toMatchObject({ code: 'LOCK_LOST', reason: 'stalled' });
  });
});

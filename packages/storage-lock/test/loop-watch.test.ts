import { Worker } from 'node:worker_threads';
import { connect, type Socket } from 'node:net';

import type { ActionPayloads } from '@lockscope/core';
import { MemoryStorage, type LeaseUpdate, type RenewResult } from '@lockscope/storage';
import { FakeClock, Recorder } from '@lockscope/testkit';
import { describe, expect, it, onTestFinished } from 'vitest';

import { createLocks } from '../src/index.ts';
import { LoopWatch } from '../src/loop-watch.ts';
import { blockEventLoop } from './support/block-event-loop.ts';
import { passUnseen } from './support/pass-unseen.ts';

/** Answers each byte with a byte, in a thread of its own: a server that goes on while this event loop is blocked. */
const echo = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

/** A storage that is asked through a socket to be renewed. */
class SocketStorage extends MemoryStorage {
  readonly #socket: Socket;
  asked: () => void = () => undefined;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
  }

  override async renew(key: string, leaseId: string, leaseMs: number, update?: LeaseUpdate): Promise<RenewResult> {
    const result = await super.renew(key, leaseId, leaseMs, update);
    const answered = new Promise((resolve) => this.#socket.once('data', resolve));
    this.#socket.write('?');
    this.asked();
    await answered;
    return result;
  }
}

async function openSocket(): Promise<Socket> {
  const worker = new Worker(echo, { eval: true });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  const socket = connect(port, '127.0.0.1').setNoDelay();
  await new Promise((resolve) => socket.once('connect', resolve));
  onTestFinished(async () => {
    socket.destroy();
    await worker.terminate();
  });
  return socket;
}

// On the clock of this process, with a real socket: the answer is there long before the event loop looks.
describe('an event loop that is blocked for two seconds while the answer to a renewal lies in the socket', () => {
  it('shows as about two seconds, and as the cause', async () => {
    const storage = new SocketStorage(await openSocket());
    const recorder = new Recorder();
    const locks = createLocks({ storage, listeners: [recorder], leaseMs: 2600, renewEveryMs: 300, marginMs: 500 });
    onTestFinished(() => locks.close());
    const lock = await locks.acquire('a');
    // Once the question is on its way, and before this event loop can see the answer.
    const blocked = new Promise<void>((resolve) => {
      storage.asked = () => {
        storage.asked = () => undefined;
        process.nextTick(() => resolve(blockEventLoop(2000)));
      };
    });
    await blocked;
    await expect.poll(() => recorder.actions('lease.at_risk').length).toBe(1);
    const risk = recorder.actions('lease.at_risk')[0]?.payload as ActionPayloads['lease.at_risk'] | undefined;
    expect(risk?.cause).toBe('loop_blocked');
    expect(risk?.evidence.eventLoopDelayMs).toBeGreaterThan(1900);
    expect(risk?.evidence.eventLoopDelayMs).toBeLessThan(2300);
    expect(risk?.evidence.storageRoundTripMs).toBeGreaterThanOrEqual(2000);
    expect(await lock.release()).toBe(true);
  });
});

describe('the watch over the event loop', () => {
  it('remembers the worst since any moment, however often it was late', async () => {
    const clock = new FakeClock();
    const watch = new LoopWatch(clock);
    watch.join(clock.monotonic());
    for (let n = 0; n < 500; n += 1) {
      await clock.advance(50);
      if (n % 100 === 0) passUnseen(clock, 1000 - n);
      else passUnseen(clock, n % 7);
      await clock.advance(50);
    }
    const now = clock.monotonic();
    expect(watch.worstSince(0, now)).toBe(1000);
    expect(watch.worstSince(now - 100, now)).toBeLessThan(10);
    // Only the part after that moment.
    expect(watch.worstSince(now, now)).toBe(0);
    watch.leave();
  });

  it('says nothing of a timer that is a bit late, nor of what nobody watched', async () => {
    const clock = new FakeClock();
    const watch = new LoopWatch(clock);
    passUnseen(clock, 5000);
    expect(watch.worstSince(0, clock.monotonic())).toBe(0);
    watch.join(clock.monotonic());
    passUnseen(clock, 54);
    expect(watch.worstSince(0, clock.monotonic())).toBe(0);
    watch.leave();
  });

  it('has no timer when nobody watches any more', async () => {
    const clock = new FakeClock();
    const watch = new LoopWatch(clock);
    watch.join(0);
    watch.join(0);
    watch.leave();
    await clock.advance(1000);
    expect(clock.timers).toBe(1);
    watch.leave();
    expect(clock.timers).toBe(0);
    passUnseen(clock, 5000);
    watch.join(clock.monotonic());
    expect(watch.worstSince(0, clock.monotonic())).toBe(0);
    watch.leave();
    expect(clock.timers).toBe(0);
  });
});

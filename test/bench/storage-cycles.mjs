// What the benches of storages on servers have in common: cycles of an acquire and a release, one by one and 64 in
// parallel, and how long it takes until a waiter knows that it was handed the lock.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { median } from './rounds.mjs';

/** @typedef {(key: string) => Promise<unknown>} Cycle */
/** @typedef {import('@lockscope/storage').LockStorage} LockStorage */

export const leaseMs = 30_000;
/** What a holder writes about itself. */
export const holder = {
  ownerId: 'bench:1',
  host: 'bench',
  pid: process.pid,
  service: 'orders',
  operation: 'POST /orders',
};

/**
 * A server with a folder of its own; both are gone when this process ends.
 *
 * @param {string} binary
 * @param {(folder: string) => string[]} argsFor
 */
export function startServer(binary, argsFor) {
  const folder = mkdtempSync(join(tmpdir(), 'lockscope-bench-'));
  const server = spawn(binary, argsFor(folder), { stdio: 'ignore' });
  process.on('exit', () => {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return server;
}

/** @param {LockStorage} storage @returns {Cycle} */
export function cycleOf(storage) {
  let count = 0;
  return async (key) => {
    const leaseId = `lease:${(count += 1)}`;
    await storage.acquire({ key, leaseId, leaseMs, holder });
    await storage.release(key, leaseId);
  };
}

/**
 * Measures all in each round, and prints each beside the first.
 *
 * @param {Record<string, Cycle>} subjects @param {{ rounds: number, cycles: number }} options
 */
export async function compareCycles(subjects, { rounds, cycles }) {
  const names = Object.keys(subjects);
  const [base = ''] = names;
  const width = Math.max(...names.map(({ length }) => length));
  for (const parallel of [1, 64]) {
    /** @type {Record<string, number[]>} */
    const times = Object.fromEntries(names.map((name) => [name, []]));
    for (let round = 0; round < rounds; round += 1)
      for (const [name, cycle] of Object.entries(subjects)) times[name]?.push(await measure(cycle, parallel, cycles));
    const bare = median(times[base] ?? []);
    for (const [name, values] of Object.entries(times)) {
      const us = median(values);
      console.log(
        `${String(parallel).padStart(2)} in parallel  ${name.padEnd(width)} ${us.toFixed(0).padStart(6)} us a cycle  ${(bare / us).toFixed(2)} of ${base}`,
      );
    }
  }
}

/** @param {Cycle} cycle @param {number} parallel @param {number} cycles */
async function measure(cycle, parallel, cycles) {
  let left = cycles;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: parallel }, async (_, worker) => {
      while (left > 0) {
        left -= 1;
        await cycle(`orders/${worker}`);
      }
    }),
  );
  return ((performance.now() - start) * 1000) / cycles;
}

/**
 * From the call of release to the news in the waiter, in milliseconds. `settleMs`: how long after the waiter got in
 * line.
 *
 * @param {readonly [LockStorage, LockStorage]} storages @param {{ times: number, settleMs?: number }} options
 */
export async function timeHandOvers(storages, { times: count, settleMs = 0 }) {
  let held = 'lease:0';
  await storages[0].acquire({ key: 'a', leaseId: held, leaseMs, holder });
  const times = [];
  for (let n = 1; n <= count; n += 1) {
    const [from, to] = n % 2 === 1 ? storages : [storages[1], storages[0]];
    const leaseId = `lease:${n}`;
    /** @type {(at: number) => void} */
    let told = () => {};
    const granted = new Promise((resolve) => (told = resolve));
    const stop = to.watch?.('a', leaseId, (news) => void (news.type === 'granted' && told(performance.now())));
    await to.acquire({ key: 'a', leaseId, leaseMs, holder, waitMs: 5000 });
    if (settleMs > 0) await sleep(settleMs);
    const start = performance.now();
    await from.release('a', held);
    times.push((await granted) - start);
    stop?.();
    held = leaseId;
  }
  return times;
}

/** @param {string} name @param {readonly number[]} times in milliseconds */
export function printHandOver(name, times) {
  console.log(`hand-over  ${name.padEnd(26)} p50 ${(median(times) * 1000).toFixed(0)} us`);
}

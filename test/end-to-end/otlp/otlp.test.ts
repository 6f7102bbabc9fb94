import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { metrics } from '@lockscope/core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { describeWith } from '../../support/describe-with.ts';
import { startRedis } from '../../support/servers/redis.ts';
import { sourceProgram } from '../../support/source-program.ts';
import type { WorkerOptions, WorkerReport } from './worker.ts';

interface ToldSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  /** Epoch milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
}

interface Told {
  readonly spans: readonly ToldSpan[];
  readonly metrics: readonly string[];
  readonly refused: number;
}

let programs: { readonly receiver: string; readonly worker: string };
let children: ChildProcess[] = [];
let folder: string;

beforeAll(async () => {
  const [receiver, worker] = await Promise.all([
    sourceProgram(new URL('./receiver.ts', import.meta.url)),
    sourceProgram(new URL('./worker.ts', import.meta.url)),
  ]);
  programs = { receiver, worker };
}, 60_000);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockscope-otlp-'));
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  rmSync(folder, { recursive: true, force: true });
});

/** The next thing that a process says; rejects when it ends instead. */
async function says(child: ChildProcess): Promise<unknown> {
  const [said] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the process ended with ${String(code)}`))),
  ])) as unknown[];
  return said;
}

class Receiver {
  readonly endpoint: string;

  private constructor(port: number) {
    this.endpoint = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<Receiver> {
    const child = fork(programs.receiver, { execArgv: [] });
    children.push(child);
    return new Receiver((await says(child)) as number);
  }

  async become(mode: 'silent' | 'full' | 'gone'): Promise<void> {
    await fetch(`${this.endpoint}/mode`, { method: 'POST', body: mode });
  }

  async told(): Promise<Told> {
    return (await (await fetch(`${this.endpoint}/told`)).json()) as Told;
  }
}

/** All at once, from when all are ready; resolves when all are done. */
async function run(workers: readonly WorkerOptions[]): Promise<WorkerReport[]> {
  const started = workers.map((options) =>
    fork(programs.worker, [JSON.stringify(options)], { execArgv: ['--expose-gc', '--no-warnings'] }),
  );
  children.push(...started);
  await Promise.all(started.map(says));
  return Promise.all(
    started.map((child) => {
      child.send('go');
      return says(child) as Promise<WorkerReport>;
    }),
  );
}

/** Two services that want one lock, each from several places. */
async function contend(receiver: Receiver, where: Partial<WorkerOptions>): Promise<Told> {
  const of = (service: string): WorkerOptions => ({
    endpoint: receiver.endpoint,
    service,
    flows: 3,
    rounds: 260,
    holdMs: 3,
    ...where,
  });
  for (const { granted, failed } of await run([of('shop'), of('billing')])) {
    expect(failed).toEqual([]);
    expect(granted).toBe(of('any').flows * of('any').rounds);
  }
  return receiver.told();
}

const blockers = ({ links }: ToldSpan): ToldSpan['links'] =>
  links.filter(({ attributes }) => attributes['lock.link.type'] === 'blocked_by');

/** Clocks of two processes on one machine, each read once for a tree. */
const slackMs = 3;

const named = ({ spans }: Told, what: string): ToldSpan[] => spans.filter(({ name }) => name.startsWith(`${what} `));
const idOf = ({ traceId, spanId }: { readonly traceId: string; readonly spanId: string }): string =>
  `${traceId} ${spanId}`;
const token = ({ attributes }: ToldSpan): number => Number(attributes['lock.fencing_token']);

interface Links {
  readonly waits: number;
  /** Links to possessions of the other process. */
  readonly across: number;
  /** Waits that saw the holder change. */
  readonly changed: number;
  /** Links to possessions that were over when the wait began: their process had passed the lock on to another of its own. */
  readonly passedOn: number;
}

/**
 * Every link of every wait leads to the span of another possession that was exported, that had the lock before the one
 * that waited got it, and that had not given it back when the wait began: so it had it meanwhile. For a moment a record
 * may name the one that got the lock from the storage while its process has passed it on to others of its own since;
 * then the lock was still there. And who joins a line of its own process is told whom those before it saw last, who may
 * just have given it back; such links are few.
 */
function linksAreTrue(told: Told): Links {
  const locks = new Map(named(told, 'lock').map((span) => [idOf(span), span]));
  const byToken = new Map(named(told, 'lock').map((span) => [token(span), span]));
  const releases = new Map(named(told, 'release').map((span) => [`${span.traceId} ${span.parentSpanId}`, span]));
  const givenBack = (possession: ToldSpan): number => releases.get(idOf(possession))?.end ?? Number.NaN;
  let [across, changed, passedOn, stale] = [0, 0, 0, 0];
  const wrong: object[] = [];
  const waits = named(told, 'wait');
  for (const wait of waits) {
    const links = blockers(wait);
    if (links.length > 1) changed += 1;
    const waiter = locks.get(`${wait.traceId} ${wait.parentSpanId}`);
    for (const { attributes, ...link } of links) {
      const holder = locks.get(idOf(link));
      if (holder === undefined || waiter === undefined) {
        wrong.push({ why: 'no such lock', attributes });
        continue;
      }
      expect(attributes).toMatchObject({
        'lock.blocker.owner.id': holder.attributes['lock.owner.id'],
        'lock.blocker.operation': holder.attributes['lock.operation'],
        'lock.blocker.fencing_token': token(holder),
        'lock.blocker.service': holder.service,
        'lock.blocker.sampled': true,
      });
      if (holder.service !== wait.service) across += 1;
      let last = holder;
      while (!(givenBack(last) >= wait.start - slackMs)) {
        const next = byToken.get(token(last) + 1);
        if (next?.service !== holder.service || token(next) >= token(waiter)) break;
        last = next;
      }
      if (last !== holder) passedOn += 1;
      const lateMs = wait.start - givenBack(last);
      if (token(holder) >= token(waiter))
        wrong.push({ why: 'later', tokens: [token(holder), token(waiter)], attributes });
      else if (!(lateMs <= slackMs)) stale += 1;
    }
  }
  expect(wrong).toEqual([]);
  const links = waits.flatMap(blockers).length;
  expect(stale / links).toBeLessThan(0.1);
  return { waits: waits.length, across, changed, passedOn };
}

/** What the parts of a wait say is as long as the wait. */
function partsAddUp(told: Told): void {
  const locks = new Map(named(told, 'lock').map((span) => [span.spanId, span]));
  const wrong = named(told, 'wait').flatMap(({ attributes, parentSpanId = '' }) => {
    const parts = Object.entries(attributes).filter(([name]) => name.startsWith('lock.wait.'));
    const sumMs = parts.reduce((all, [, seconds]) => all + Number(seconds) * 1000, 0);
    const waitMs = Number(locks.get(parentSpanId)?.attributes['lock.acquire.duration']) * 1000;
    return parts.length > 0 && Math.abs(sumMs - waitMs) < 1 ? [] : [{ sumMs, waitMs, parts }];
  });
  expect(wrong).toEqual([]);
}

describe('waits of two services for one lock in a file, at a real receiver', () => {
  it('link to the spans that the holders exported, for more than a thousand, with holders that change', async () => {
    const receiver = await Receiver.start();
    const told = await contend(receiver, { path: join(folder, 'locks.db') });
    const { waits, across, changed } = linksAreTrue(told);
    expect(waits).toBeGreaterThan(1000);
    expect(across).toBeGreaterThan(200);
    expect(changed).toBeGreaterThan(100);
    partsAddUp(told);
    const known = Object.keys(metrics);
    expect(told.metrics).toEqual(expect.arrayContaining(['lock.acquire.duration', 'lock.blocked.time']));
    expect(told.metrics.filter((name) => !known.includes(name))).toEqual([]);
  }, 120_000);

  it('name their blocker also where nine of ten traces are dropped', async () => {
    const receiver = await Receiver.start();
    const told = await contend(receiver, { path: join(folder, 'locks.db'), ratio: 0.1 });
    const stored = new Set(named(told, 'lock').map(({ spanId }) => spanId));
    // Where it was free and kept for somebody who came first, there is nobody to name.
    const waits = named(told, 'wait').filter(({ attributes }) => attributes['lock.blocker.operation'] !== '_handoff');
    expect(waits.length).toBeGreaterThan(50);
    let dropped = 0;
    for (const { attributes } of waits) {
      expect(attributes).toMatchObject({
        'lock.blocker.owner.id': expect.any(String),
        'lock.blocker.operation': expect.stringMatching(/^(shop|billing) \d$/),
        'lock.blocker.service': expect.stringMatching(/^(shop|billing)$/),
        'lock.blocker.trace_id': expect.stringMatching(/^[0-9a-f]{32}$/),
      });
      const sampled = attributes['lock.blocker.sampled'];
      expect(stored.has(String(attributes['lock.blocker.span_id']))).toBe(sampled);
      if (sampled === false) dropped += 1;
    }
    expect(dropped).toBeGreaterThan(0);
  }, 120_000);
});

describeWith('redis-server', 'waits of two services for one lock in Redis', () => {
  it('link to the spans that the holders exported', async () => {
    const redis = await startRedis();
    const receiver = await Receiver.start();
    const told = await contend(receiver, { redisPort: redis.port });
    const { waits, across } = linksAreTrue(told);
    expect(waits).toBeGreaterThan(1000);
    expect(across).toBeGreaterThan(1000);
    partsAddUp(told);
    await redis.stop();
  }, 120_000);
});

describe('a trace backend', () => {
  it.each(['silent', 'full', 'gone'] as const)(
    'that is %s fails no lock, and fills no memory',
    async (mode) => {
      const receiver = await Receiver.start();
      await receiver.become(mode);
      const of = { endpoint: receiver.endpoint, service: 'shop', holdMs: 0, maxQueueSize: 2048 };
      const [report] = await run([{ ...of, flows: 4, rounds: 2500 }]);
      expect(report).toMatchObject({ granted: 10_000, failed: [] });
      // 2,048 spans and a batch under way; all 30,000 would be over 60 MB.
      expect(report?.heapMb).toBeLessThan(25);
      const { refused, spans } = await receiver.told();
      expect(refused).toBeGreaterThan(0);
      expect(spans).toEqual([]);
    },
    60_000,
  );

  it('that was never there fails no lock either', async () => {
    const of = { endpoint: 'http://127.0.0.1:9', service: 'shop', holdMs: 0, maxQueueSize: 2048 };
    const [report] = await run([{ ...of, flows: 4, rounds: 2000 }]);
    expect(report).toMatchObject({ granted: 8000, failed: [] });
  }, 60_000);
});

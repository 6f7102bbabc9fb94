import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const packages = ['storage-lock', 'storages/sqlite', 'listeners/otel'];
const script = fileURLToPath(new URL('otel-process.mjs', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

/** A finished span, as a process of its own tells of it. */
interface ToldSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly context: object; readonly attributes: Readonly<Record<string, unknown>> }[];
  readonly startTime: readonly [number, number];
  readonly endTime: readonly [number, number];
}

interface Answer {
  readonly step: string;
  readonly result?: unknown;
  readonly error?: string;
}

/** A process with a tracer provider of its own. */
class Traced {
  readonly #child: ChildProcess;
  readonly #heard: Answer[] = [];
  #listening: (() => void)[] = [];

  constructor(options: object) {
    this.#child = fork(script, [JSON.stringify(options)], { execArgv: [] });
    this.#child.on('message', (answer: Answer) => this.#hear(answer));
    this.#child.on('exit', (code) => this.#hear({ step: 'exit', error: `the process ended with ${String(code)}` }));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async do(step: string): Promise<unknown> {
    this.#child.send({ step });
    return this.says(step);
  }

  /** Resolves when the process has told of this step; rejects when it failed. */
  async says(step: string): Promise<unknown> {
    for (;;) {
      const answer = this.#heard.find((one) => one.step === step || one.error !== undefined);
      if (answer?.error !== undefined) throw new Error(answer.error);
      if (answer !== undefined) return answer.result;
      await new Promise<void>((resolve) => this.#listening.push(resolve));
    }
  }

  async span(name: string): Promise<ToldSpan> {
    const spans = (await this.do('spans')) as ToldSpan[];
    const span = spans.find((one) => one.name === name);
    if (span === undefined) throw new Error(`no span ${name} among ${spans.map((one) => one.name).join(', ')}`);
    return span;
  }

  kill(): void {
    this.#child.removeAllListeners();
    this.#child.kill('SIGKILL');
  }

  #hear(answer: Answer): void {
    this.#heard.push(answer);
    for (const resolve of this.#listening.splice(0)) resolve();
  }
}

const ms = ([seconds, nanos]: readonly [number, number]): number => seconds * 1000 + nanos / 1e6;

describe('a wait in one process for a lock of another', () => {
  let folder: string;
  let processes: Traced[] = [];

  beforeAll(() => {
    const manifest = createRequire(import.meta.url).resolve('typescript/package.json');
    const tsc = manifest.replace(/package\.json$/, 'bin/tsc');
    execFileSync(process.execPath, [tsc, '-b', ...packages.map((name) => join(root, 'packages', name))], {
      stdio: 'pipe',
    });
  }, 120_000);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lockscope-otel-'));
  });

  afterEach(() => {
    for (const one of processes) one.kill();
    processes = [];
    rmSync(folder, { recursive: true, force: true });
  });

  /** One process holds the lock until the other is seen to wait for it. */
  async function meet(options: object = {}): Promise<{ holder: Traced; waiter: Traced }> {
    const path = join(folder, 'locks.db');
    const holder = new Traced({ path, service: 'billing', operation: 'nightly job', ...options });
    const waiter = new Traced({ path, service: 'shop', operation: 'POST /orders' });
    processes = [holder, waiter];
    await Promise.all([holder.says('ready'), waiter.says('ready')]);
    await holder.do('acquire');
    const done = waiter.do('run');
    await Promise.race([waiter.says('contended'), done]);
    await holder.do('release');
    await done;
    return { holder, waiter };
  }

  it('has a span whose link is the very span of the holder', async () => {
    const { holder, waiter } = await meet();
    const held = await holder.span('lock orders/{id}');
    const wait = await waiter.span('wait orders/{id}');
    expect(wait.links).toHaveLength(1);
    expect(wait.links[0]?.context).toEqual({
      traceId: held.traceId,
      spanId: held.spanId,
      traceFlags: 1,
      isRemote: true,
    });
    expect(wait.traceId).not.toBe(held.traceId);
    expect(wait.attributes).toMatchObject({
      'lock.blocker.trace_id': held.traceId,
      'lock.blocker.span_id': held.spanId,
      'lock.blocker.operation': 'nightly job',
      'lock.blocker.service': 'billing',
      'lock.blocker.pid': holder.pid,
      'lock.blocker.fencing_token': held.attributes['lock.fencing_token'],
      'lock.outcome': 'acquired',
    });
  });

  it('lies below the request of its own process, beside what ran under the lock', async () => {
    const { waiter } = await meet();
    const request = await waiter.span('request');
    const lock = await waiter.span('lock orders/{id}');
    const wait = await waiter.span('wait orders/{id}');
    const work = await waiter.span('work');
    expect(lock.parentSpanId).toBe(request.spanId);
    expect(wait.parentSpanId).toBe(lock.spanId);
    expect(work.parentSpanId).toBe(lock.spanId);
    expect(lock.attributes['lock.contended']).toBe(true);
    expect(ms(wait.startTime)).toBeGreaterThanOrEqual(ms(lock.startTime));
    expect(ms(wait.endTime)).toBeLessThanOrEqual(ms(work.startTime) + 1);
  });

  it('says that the holder was not sampled, when it was not', async () => {
    const { holder, waiter } = await meet({ sampled: false });
    expect(await holder.do('spans')).toEqual([]);
    const wait = await waiter.span('wait orders/{id}');
    expect(wait.links[0]?.context).toMatchObject({ traceFlags: 0 });
    expect(wait.links[0]?.attributes['lock.blocker.sampled']).toBe(false);
  });

  it('names a holder that propagates nothing, without a link', async () => {
    const { holder, waiter } = await meet({ propagate: false });
    const wait = await waiter.span('wait orders/{id}');
    expect(wait.links).toEqual([]);
    expect(wait.attributes['lock.blocker.pid']).toBe(holder.pid);
  });
});

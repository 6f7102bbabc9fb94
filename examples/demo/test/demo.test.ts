import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import { DemoProcess, processesOf, runs } from './demo-process.ts';
import { readMetrics, total, type Samples } from './prometheus-text.ts';

interface Span {
  readonly process: string;
  readonly name: string;
  readonly spanId: string;
  readonly links: readonly { readonly spanId: string }[];
}

let demo: DemoProcess | undefined;

function start(...args: string[]): DemoProcess {
  demo = new DemoProcess(args);
  return demo;
}

afterEach(async () => {
  await demo?.dispose();
  demo = undefined;
});

/** Starting nine processes takes a busy machine its time. */
const timeout = 120_000;

describe('the demo', () => {
  it(
    'shows waits, a loss and take-overs, with metrics and linked spans, and ends by itself with a summary',
    async () => {
      const running = start('--for', '10', '--no-open', '--port', '0');
      await running.atWork();
      const seen = {
        scrapes: 0,
        losses: 0,
        heldByNobody: false,
        names: new Set<string>(),
        linked: undefined as Span | undefined,
      };
      let before: Samples = new Map();
      await running.until(async () => {
        const answers = await Promise.all([running.view(), running.text('/spans.json')]).catch(() => undefined);
        const metrics = await running.text('/metrics').catch(() => undefined);
        // It has ended in between.
        if (answers === undefined || metrics === undefined) return running.ended;
        const [{ processes }, spans] = answers;
        const samples = readMetrics(metrics);
        if (processes.some(({ gone }) => gone !== undefined))
          seen.heldByNobody ||= total(samples, 'lock_holder_count', '"imports/feed"') === 0;
        for (const [series, value] of before) {
          if (
            /_(?:total|bucket|count)\b/.test(series) &&
            !series.startsWith('lock_waiter') &&
            !series.startsWith('lock_holder')
          )
            expect(samples.get(series), `${series} never goes back`).toBeGreaterThanOrEqual(value);
        }
        before = samples;
        seen.scrapes += 1;
        seen.losses = total(samples, 'lock_lease_lost_total', 'lock_lost_reason="stalled"');
        for (const series of samples.keys()) {
          const name = /lock_name="([^"]+)"/.exec(series)?.[1];
          if (name !== undefined) seen.names.add(name);
        }
        seen.linked ??= await linkedWait(running, JSON.parse(spans) as Span[]);
        return running.ended;
      });
      expect(await running.exit).toBe(0);
      expect(seen.scrapes).toBeGreaterThan(3);
      expect(seen.losses).toBeGreaterThanOrEqual(1);
      expect(seen.heldByNobody, 'a dead worker is not counted as a holder').toBe(true);
      expect([...seen.names].toSorted()).toEqual([
        'accounts/{id}',
        'catalogue',
        'imports/feed',
        'inventory',
        'orders/{id}',
      ]);
      expect(seen.linked, 'a wait linked to the lock span of another process').toBeDefined();
      const summary = running.output.slice(running.output.indexOf('After '));
      const count = (what: string): number => Number(new RegExp(`${what} +(\\d+)`).exec(summary)?.[1]);
      expect(count('acquires')).toBeGreaterThan(0);
      expect(count('waits')).toBeGreaterThan(0);
      expect(count('losses')).toBeGreaterThanOrEqual(1);
      expect(count('take-overs')).toBeGreaterThanOrEqual(1);
      expect(summary).toMatch(/blocked by \S+/);
      expect(summary).toMatch(/[1-9]\d* killed and replaced/);
      expect(summary).toMatch(/, 0 lost on the way, 0 not understood/);
      expect(running.leftovers).toEqual([]);
    },
    timeout,
  );

  it(
    'ends on Ctrl-C with code 0 and leaves no process and no file behind',
    async () => {
      const running = start('--no-open', '--port', '0');
      await running.atWork();
      const pids = (await running.view()).processes.map(({ pid }) => pid ?? 0);
      expect(pids.length).toBeGreaterThanOrEqual(9);
      expect(pids.every(runs)).toBe(true);
      expect(running.leftovers).toHaveLength(1);
      running.ctrlC();
      expect(await running.exit).toBe(0);
      expect(pids.filter(runs)).toEqual([]);
      expect(running.leftovers).toEqual([]);
      expect(running.output).toContain('acquires');
    },
    timeout,
  );

  it(
    'ends on Ctrl-C while it is starting',
    async () => {
      const running = start('--no-open', '--port', '0');
      await running.until(() => running.output.includes('Open http'));
      running.ctrlC();
      expect(await running.exit).toBe(0);
      expect(running.leftovers).toEqual([]);
    },
    timeout,
  );

  it(
    'takes its processes along when it is killed itself',
    async () => {
      const running = start('--no-open', '--port', '0');
      await running.atWork();
      const pids = (await running.view()).processes.map(({ pid }) => pid ?? 0);
      running.kill('SIGKILL');
      await running.exit;
      await running.until(() => !pids.some(runs));
    },
    timeout,
  );

  it.runIf(process.platform === 'linux')(
    'takes its processes along when it is killed while they are starting',
    async () => {
      const running = start('--no-open', '--port', '0');
      await running.until(() => processesOf(running.folder).length >= 9);
      running.kill('SIGKILL');
      await running.exit;
      await running.until(() => processesOf(running.folder).length === 0);
    },
    timeout,
  );

  it(
    'says that a port is busy and takes the next one',
    async () => {
      const other = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => other.once('listening', resolve));
      const { port } = other.address() as AddressInfo;
      try {
        const running = start('--for', '0.2', '--no-open', '--port', String(port));
        expect(await running.exit).toBe(0);
        expect(running.output).toContain(`Port ${port} is busy`);
        expect(Number(new URL(running.url).port)).toBeGreaterThan(port);
      } finally {
        other.close();
      }
    },
    timeout,
  );

  it.runIf(process.platform === 'linux')(
    'opens the page in a browser when it is asked to',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'lockscope-browser-'));
      try {
        const opened = join(folder, 'opened');
        writeFileSync(
          join(folder, 'xdg-open'),
          `#!/bin/sh\nprintf %s "$1" > ${opened}.new && mv ${opened}.new ${opened}\n`,
        );
        chmodSync(join(folder, 'xdg-open'), 0o755);
        const path = [folder, process.env['PATH'] ?? ''].join(delimiter);
        demo = new DemoProcess(['--open', '--port', '0'], { PATH: path });
        const running = demo;
        await running.atWork();
        const read = (): string => {
          try {
            return readFileSync(opened, 'utf8');
          } catch {
            return '';
          }
        };
        await running.until(() => read() === running.url);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    timeout,
  );

  it('says what it can do', async () => {
    const running = start('--help');
    expect(await running.exit).toBe(0);
    expect(running.output).toContain('--for <seconds>');
  });

  it.each([
    [['--for', 'ever'], '--for must be a number of seconds'],
    [['--for', '-1'], '--for'],
    [['--port', '99999'], '--port must be a number from 0 to 65535, got 99999'],
    [['--open', '--no-open'], 'cannot go together'],
    [['--colour'], "Unknown option '--colour'"],
    [['now'], "'now'"],
  ])('refuses %j with a clear word and code 2', async (args, message) => {
    const running = start(...args);
    expect(await running.exit).toBe(2);
    expect(running.output).toContain(message);
    expect(running.output).toContain('--help');
    expect(running.output).not.toContain('    at ');
  });
});

/** A wait whose link leads to a lock span that another process has finished, if there is one, and the page says so. */
async function linkedWait(running: DemoProcess, spans: readonly Span[]): Promise<Span | undefined> {
  const locks = new Map(spans.filter(({ name }) => name.startsWith('lock ')).map((span) => [span.spanId, span]));
  for (const span of spans.filter(({ name }) => name.startsWith('wait '))) {
    const blocker = span.links.map(({ spanId }) => locks.get(spanId)).find((found) => found !== undefined);
    if (blocker === undefined || blocker.process === span.process) continue;
    const text = await running.text('/spans').catch(() => '');
    if (text.includes(`blocked by span ${blocker.spanId} of process ${blocker.process}`)) return span;
  }
  return undefined;
}

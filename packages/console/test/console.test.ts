import { existsSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';

import { ListenerSet, toWire } from '@lockscope/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ConsoleListenError, createConsole, InvalidOptionsError, type LockConsole } from '../src/index.ts';
import type { View } from '../src/index.ts';

/** The least that is an event. */
const leastEvent = { id: '1', type: 'lock', lock_id: 'x', start_time: '2026-11-20T10:00:00Z' };

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

describe('a console', () => {
  let lockConsole: LockConsole;

  beforeEach(async () => {
    lockConsole = await createConsole({ port: 0, title: 'Test' });
  });

  afterEach(() => lockConsole.close());

  /** Not fetch: that does not let the Host header be chosen. */
  function ask(path: string, { method = 'GET', host }: { method?: string; host?: string } = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = host === undefined ? {} : { host };
      const request = httpRequest(new URL(path, lockConsole.url), { method, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      });
      request.on('error', reject).end();
    });
  }

  async function viewed(): Promise<View> {
    return JSON.parse((await ask('/view')).text) as View;
  }

  it('listens on this machine only, on a free port when asked for 0', () => {
    expect(lockConsole.url).toBe(`http://127.0.0.1:${lockConsole.port}/`);
    expect(lockConsole.port).toBeGreaterThan(0);
  });

  it('takes the wire form of events, as objects and as lines of JSON', async () => {
    const listeners = new ListenerSet({
      listeners: [
        { name: 'objects', on: (event) => void lockConsole.ingest('shop', toWire(event), 'end') },
        { name: 'lines', on: (event) => void lockConsole.ingest('bank', JSON.stringify(event), 'end') },
      ],
    });
    const root = listeners.begin('lock', { lockKey: 'orders/42', lockName: 'orders/{id}', ownerId: 'o' });
    root?.child('lock.acquire')?.end('acquired', {
      details: { attempts: 1, waitMs: 0, contended: false, fencingToken: 3 },
    });
    const view = await viewed();
    expect(view.processes.map(({ name }) => name).toSorted()).toEqual(['bank', 'shop']);
    expect(view.locks).toMatchObject([{ key: 'orders/42', holder: { token: 3 } }]);
    expect(view.totals).toMatchObject({ events: 2, malformed: 0 });
  });

  it.each([
    ['text that is no JSON', 'shop', 'no json', 'end'],
    ['JSON that is no event', 'shop', '{"id":"1"}', 'end'],
    ['nothing', 'shop', undefined, 'end'],
    ['a number', 'shop', 7, 'end'],
    ['a list', 'shop', [], 'end'],
    ['an unknown phase', 'shop', leastEvent, 'middle'],
    ['no name of a process', '', leastEvent, 'end'],
    ['a name of a process without an end', 'p'.repeat(1000), leastEvent, 'end'],
  ])('counts %s as not understood, and goes on', (_, process, told, phase) => {
    expect(lockConsole.ingest(process, told, phase as 'end')).toBe(false);
    expect(lockConsole.view().totals).toMatchObject({ malformed: 1, events: 0 });
  });

  it('counts calls to the storage without a look at them', () => {
    expect(lockConsole.ingest('shop', { type: 'storage.acquire' }, 'start')).toBe(true);
    expect(lockConsole.view().totals).toMatchObject({ events: 1, malformed: 0 });
  });

  it('shows processes with what the host knows of them, and what got lost on the way', () => {
    lockConsole.processStarted('shop', { pid: 12, about: 'sells' });
    lockConsole.processGone('shop', 'exit code 1');
    lockConsole.missed(5);
    const { processes, totals, notes } = lockConsole.view();
    expect(processes).toMatchObject([{ name: 'shop', pid: 12, about: 'sells', gone: 'exit code 1' }]);
    expect(totals.missed).toBe(5);
    expect(notes.map(({ text }) => text)).toEqual(['started', 'is gone: exit code 1']);
  });

  it('sends everything to a page that opens, and what is new after it', async () => {
    lockConsole.processStarted('before');
    const stream = await fetch(new URL('/stream', lockConsole.url));
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const views = eventsOf(stream);
    const first = await views.next();
    expect(first.value).toMatchObject({ full: true, title: 'Test', processes: [{ name: 'before' }] });
    lockConsole.processStarted('after');
    const second = await views.next();
    expect(second.value).toMatchObject({ full: false, notes: [{ process: 'after' }] });
    await views.return(undefined);
  });

  it('serves a page that takes nothing from elsewhere and gives nothing to elsewhere', async () => {
    const { status, headers, text } = await ask('/');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(text).not.toMatch(/https?:\/\//);
    expect(text, 'the policy would block it').not.toMatch(/<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=/i);
  });

  it('serves every file that the page needs, and every module that its scripts import', async () => {
    expect(existsSync(new URL('../dist/page/app.js', import.meta.url)), 'build first: pnpm run build').toBe(true);
    const page = await ask('/');
    const open = [...page.text.matchAll(/(?:src|href)="(\/[^"#]+)"/g)].map(([, path]) => path ?? '');
    const seen = new Set<string>();
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const { status, text, headers } = await ask(path);
      expect(status, path).toBe(200);
      if (!path.endsWith('.js')) continue;
      expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
      const imports = [...text.matchAll(/from '([^']+)'/g)].map(([, from]) => from ?? '');
      open.push(...imports.map((from) => new URL(from, new URL(path, lockConsole.url)).pathname));
    }
    expect(seen).toContain('/page/locks.js');
  });

  it('has what was told only as data, never as markup', async () => {
    const evil = '<img src=x onerror=alert(1)>';
    lockConsole.processStarted(evil, { about: evil });
    expect((await ask('/')).text).not.toContain(evil);
    const { headers, text } = await ask('/view');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect((JSON.parse(text) as View).processes[0]?.name).toBe(evil);
  });

  it.each(['localhost', '127.0.0.1', '127.0.0.1:7420', '[::1]:7420', 'LOCALHOST:1'])('answers to %s', async (host) => {
    expect((await ask('/view', { host })).status).toBe(200);
  });

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:7420', '10.0.0.7'])(
    'does not answer to "%s": a page of somebody else may have made that name point here',
    async (host) => {
      for (const path of ['/', '/view', '/stream']) expect((await ask(path, { host })).status).toBe(421);
    },
  );

  it('answers to names that were allowed', async () => {
    const named = await createConsole({ port: 0, allowedHosts: ['locks.internal'] });
    try {
      const status = await new Promise((resolve) => {
        httpRequest(named.url, { headers: { host: 'locks.internal:80' } }, (response) => {
          resolve(response.statusCode);
          response.resume();
        }).end();
      });
      expect(status).toBe(200);
    } finally {
      await named.close();
    }
  });

  it('can only be looked at', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await ask('/view', { method });
      expect(status).toBe(405);
      expect(headers.allow).toBe('GET, HEAD');
    }
    expect(await ask('/view', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
    expect((await ask('/stream', { method: 'HEAD' })).status).toBe(200);
    expect((await ask('/nothing')).status).toBe(404);
    expect((await ask('/page/../../package.json')).status).toBe(404);
  });

  it('serves pages of the host behind the same checks, and links to them', async () => {
    lockConsole.handle('/metrics', (_request, response) => void response.end('up 1\n'), { label: 'Metrics' });
    expect(await ask('/metrics?x=1')).toMatchObject({ status: 200, text: 'up 1\n' });
    expect((await ask('/metrics', { host: 'evil.example' })).status).toBe(421);
    expect((await viewed()).links).toEqual([{ path: '/metrics', label: 'Metrics' }]);
    expect(() => lockConsole.handle('/metrics', () => {})).toThrow(InvalidOptionsError);
    expect(() => lockConsole.handle('/view', () => {})).toThrow(/taken/);
    expect(() => lockConsole.handle('metrics', () => {})).toThrow(/slash/);
  });

  it('survives a handler that fails', async () => {
    lockConsole.handle('/throws', () => {
      throw new Error('no registry');
    });
    lockConsole.handle('/rejects', () => Promise.reject(new Error('too late')));
    expect(await ask('/throws')).toMatchObject({ status: 500, text: 'That failed: no registry\n' });
    expect((await ask('/rejects')).status).toBe(500);
    expect((await ask('/view')).status).toBe(200);
  });

  it('says that the port is taken', async () => {
    const error: unknown = await createConsole({ port: lockConsole.port }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConsoleListenError);
    expect(error).toMatchObject({
      code: 'CONSOLE_LISTEN',
      port: lockConsole.port,
      host: '127.0.0.1',
      cause: { code: 'EADDRINUSE' },
    });
  });

  it('ends open pages when it is closed, and frees the port', async () => {
    const stream = await fetch(new URL('/stream', lockConsole.url));
    const views = eventsOf(stream);
    await views.next();
    await lockConsole.close();
    expect(lockConsole.close()).toBe(lockConsole.close());
    await expect(drain(views)).resolves.toBeUndefined();
    const next = await createConsole({ port: lockConsole.port });
    await next.close();
  });
});

it('names every option that cannot work', async () => {
  const options = { port: 99_999, host: '', title: '', allowedHosts: [''], now: 7, colour: 'red' };
  const error: unknown = await createConsole(options as never).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidOptionsError);
  expect((error as InvalidOptionsError).problems).toHaveLength(6);
  expect((error as InvalidOptionsError).message).toContain('port must be a whole number from 0 to 65535, got 99999');
});

async function* eventsOf(response: Response): AsyncGenerator<View, void, undefined> {
  let text = '';
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
        text = text.slice(end + 2);
        if (data !== undefined) yield JSON.parse(data) as View;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Reads to the end; a connection that was cut is an end too. */
async function drain(views: AsyncGenerator<View>): Promise<void> {
  try {
    for await (const view of views) expect(view).toBeDefined();
  } catch (error) {
    expect((error as Error).message).toContain('terminated');
  }
}

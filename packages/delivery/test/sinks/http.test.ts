import { afterEach, describe, expect, it } from 'vitest';

import {
  EncodingError,
  exponentialBackoff,
  HttpFailedError,
  httpSink,
  HttpStatusError,
  HttpTimeoutError,
  isSinkClosed,
  Queue,
  Retrying,
  type HttpSinkOptions,
  type Sink,
} from '../../src/index.ts';
import { LocalServer, type Arrived } from './http-server.ts';

const quick = (): ReturnType<typeof exponentialBackoff> => exponentialBackoff({ baseMs: 1, factorMs: 1, maxMs: 5 });

describe('an HTTP sink', () => {
  const servers: LocalServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
  });

  async function against(
    answer: (arrived: Arrived) => void,
    options?: HttpSinkOptions,
  ): Promise<{ server: LocalServer; sink: Sink<unknown> }> {
    const server = await LocalServer.start(answer);
    servers.push(server);
    return { server, sink: httpSink(server.url, options) };
  }

  const status =
    (code: number, headers: Record<string, string> = {}) =>
    ({ response }: Arrived): void =>
      void response.writeHead(code, headers).end('because');

  it.each([200, 201, 202, 204, 299])('row 71: an event is committed by a %d', async (code) => {
    const { server, sink } = await against(status(code));
    await sink.write({ n: 1 });
    const { request, body } = server.arrived.at(0) as Arrived;
    expect([request.method, request.url, request.headers['content-type'], body]).toEqual([
      'POST',
      '/hook',
      'application/json',
      '{"n":1}',
    ]);
  });

  it.each([
    [400, false],
    [401, false],
    [404, false],
    [410, false],
    [501, false],
    [408, true],
    [425, true],
    [429, true],
    [500, true],
    [502, true],
    [503, true],
  ])('row 71: a %d says whether another attempt can help: %s', async (code, retryable) => {
    const { server, sink } = await against(status(code));
    const error = await sink.write(1).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HttpStatusError);
    expect(error).toMatchObject({ code: 'HTTP_STATUS', status: code, retryable, url: server.url, body: 'because' });
  });

  it.each([301, 302, 303, 307, 308])(
    'row 71: a redirect, %d, is not followed: the event would be lost',
    async (code) => {
      const { server, sink } = await against(status(code, { location: '/elsewhere' }));
      await expect(sink.write(1)).rejects.toMatchObject({ status: code, retryable: false });
      expect(server.arrived).toHaveLength(1);
    },
  );

  it('row 71: a server that hangs is given up after the limit of one attempt', async () => {
    const { sink } = await against(() => {}, { timeoutMs: 50 });
    const error = await sink.write(1).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HttpTimeoutError);
    expect(error).toMatchObject({ code: 'HTTP_TIMEOUT', retryable: true, timeoutMs: 50 });
  });

  it('row 71: a server that resets the connection, and one that is not there, may be asked again', async () => {
    const { server, sink } = await against(({ request }) => request.socket.resetAndDestroy());
    const reset = await sink.write(1).catch((thrown: unknown) => thrown);
    expect(reset).toBeInstanceOf(HttpFailedError);
    expect(reset).toMatchObject({ code: 'HTTP_FAILED', retryable: true });
    await server[Symbol.asyncDispose]();
    await expect(sink.write(1)).rejects.toMatchObject({ code: 'HTTP_FAILED', reason: 'ECONNREFUSED', retryable: true });
  });

  it('row 71: an answer that was good counts, also when its body breaks off or never ends', async () => {
    const { server, sink } = await against(
      ({ response, request, count }) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('so far', () => {
          if (count === 1) request.socket.resetAndDestroy();
        });
      },
      { timeoutMs: 200 },
    );
    await sink.write(1);
    await sink.write(2);
    expect(server.arrived.map(({ body }) => body)).toEqual(['1', '2']);
  });

  it('row 71: answers are read to the end, so that the connection serves the next event', async () => {
    const { server, sink } = await against(({ response, count }) => {
      response.writeHead(count % 2 === 0 ? 500 : 200).end('x'.repeat(20_000));
    });
    for (let n = 0; n < 20; n += 1) await sink.write(n).catch(() => {});
    expect(server.arrived).toHaveLength(20);
    // The next may begin before a connection is known to be free. One that is not read to the end serves nothing more.
    expect(server.connections).toBeLessThanOrEqual(3);
  });

  it('row 71: an answer without an end does not fill the memory', async () => {
    const { sink } = await against(({ response }) => {
      response.writeHead(500);
      const flood = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', flood);
      };
      flood();
    });
    const error = await sink.write(1).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 500, body: 'x'.repeat(1000) });
  });

  it.each([
    ['seconds', () => '1'],
    ['a date', () => new Date(Date.now() + 2000).toUTCString()],
  ])('row 71: Retry-After in %s is honoured by a sink that retries', async (_, header) => {
    const times: number[] = [];
    const { sink } = await against(({ response, count }) => {
      times.push(performance.now());
      if (count === 1) response.writeHead(429, { 'retry-after': header() }).end();
      else response.end();
    });
    await new Retrying(sink, { strategy: quick() }).write(1);
    // A date has no part of a second: two seconds ahead may be one and a bit.
    expect((times.at(1) as number) - (times.at(0) as number)).toBeGreaterThan(990);
  });

  it.each(['soon', '-1', '1.5', '', '1e9', '12abc'])('row 71: Retry-After: %j says nothing', async (header) => {
    const { sink } = await against(status(503, { 'retry-after': header }));
    await expect(sink.write(1)).rejects.toMatchObject({ retryAfterMs: undefined });
  });

  it('row 71: a Retry-After of a year is cut to what was allowed', async () => {
    const { server, sink } = await against(({ response, count }) => {
      if (count === 1) response.writeHead(503, { 'retry-after': '31536000' }).end();
      else response.end();
    });
    await new Retrying(sink, { strategy: quick(), maxRetryAfterMs: 20 }).write(1);
    expect(server.arrived).toHaveLength(2);
  });

  it('row 71: headers may be made for each event; user and password of the URL are sent and never shown', async () => {
    const { server } = await against(({ response, count }) => {
      response.writeHead(count === 1 ? 200 : 400).end();
    });
    const url = server.url.replace('//', '//us%C3%A9r:pa%3Ass@') + '?token=secret#there';
    const sink = httpSink<{ id: string }>(url, {
      headers: ({ id }, body) => ({ 'idempotency-key': id, 'x-length': String(body.length), 'Content-Type': 'x/y' }),
    });
    await sink.write({ id: 'e-1' });
    const { headers, url: asked } = (server.arrived.at(0) as Arrived).request;
    expect(headers).toMatchObject({
      'idempotency-key': 'e-1',
      'x-length': '12',
      'content-type': 'x/y',
      authorization: `Basic ${Buffer.from('usér:pa:ss').toString('base64')}`,
    });
    expect(asked).toBe('/hook?token=secret');
    const error = (await sink.write({ id: 'e-2' }).catch((thrown: unknown) => thrown)) as HttpStatusError;
    expect(`${error.message} ${error.url}`).not.toMatch(/secret|pa%3Ass|pa:ss/);
  });

  it('row 71: what JSON cannot say is refused for good, and is no fault of the server', async () => {
    const { server, sink } = await against(status(200));
    const ring: { self?: unknown } = {};
    ring.self = ring;
    for (const event of [ring, 1n, undefined, () => 1]) {
      const error = await sink.write(event).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(EncodingError);
      expect(error).toMatchObject({ retryable: false });
    }
    await expect(httpSink(server.url, { headers: { 'x-bad': 'a\nb' } }).write(1)).rejects.toBeInstanceOf(EncodingError);
    expect(server.arrived).toHaveLength(0);
  });

  it('row 71: who gives a write up is told so at once, and the request ends', async () => {
    let ended: Promise<unknown> | undefined;
    const { server, sink } = await against(({ response }) => {
      ended = new Promise((resolve) => response.once('close', resolve));
    });
    const giveUp = new AbortController();
    const write = sink.write(1, giveUp);
    await expect.poll(() => server.arrived.length, { timeout: 10_000 }).toBe(1);
    giveUp.abort(new Error('enough'));
    await expect(write).rejects.toThrow('enough');
    await ended;
  });

  it('row 71: a close ends at its signal while the server hangs; the queue before it counts what was not delivered', async () => {
    const { server, sink } = await against(() => {});
    const queue = new Queue(sink);
    for (let n = 0; n < 3; n += 1) await queue.write(n);
    await expect.poll(() => server.arrived.length, { timeout: 10_000 }).toBe(1);
    expect(await queue.close({ signal: AbortSignal.abort() })).toEqual({ undelivered: 3 });
    await sink.write(1).catch((error: unknown) => expect(isSinkClosed(error)).toBe(true));
  });

  it('row 71: a server that fails, hangs and resets in turn loses nothing and keeps the order', async () => {
    const taken: number[] = [];
    const { sink } = await against(
      ({ request, response, body, count }) => {
        if (count % 5 === 1) response.writeHead(500).end();
        else if (count % 5 === 2) request.socket.resetAndDestroy();
        else if (count % 50 === 3) return; // hangs
        else {
          taken.push(Number(body));
          response.end();
        }
      },
      { timeoutMs: 100 },
    );
    const queue = new Queue<unknown>(new Retrying(sink, { strategy: quick(), maxAttempts: Infinity }));
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    for (const n of numbers) await queue.write(n);
    expect(await queue.close()).toEqual({ undelivered: 0 });
    expect(taken).toEqual(numbers);
    expect(queue.dropped).toBe(0);
  }, 60_000);

  it.each(['/hook', 'ftp://example.org', 'http://', '', 'mailto:x@y'])('refuses %j as a URL', (url) => {
    expect(() => httpSink(url, { timeoutMs: 0, method: 'GET' as never })).toThrow(
      'url must be an absolute URL with http: or https:; timeoutMs must be above 0 and at most 2147483647, got 0; ' +
        'method must be POST, PUT, PATCH, got GET',
    );
  });
});

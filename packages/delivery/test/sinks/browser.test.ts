import { fileURLToPath } from 'node:url';
import { createContext, runInContext, type Context } from 'node:vm';

import { build } from 'vite';
import { beforeAll, describe, expect, it } from 'vitest';

/** The sinks with all that they need, as one script for a browser: it defines `sinks`, and nothing else. */
async function bundleSinks(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['@lockscope/source'] },
    build: {
      write: false,
      target: 'es2022',
      minify: false,
      lib: {
        entry: fileURLToPath(new URL('../../src/sinks/index.ts', import.meta.url)),
        formats: ['iife'],
        name: 'sinks',
      },
    },
  });
  const [bundle] = [built].flat();
  if (bundle === undefined || !('output' in bundle)) throw new Error('Vite built nothing');
  return bundle.output[0].code;
}

describe('in a browser', () => {
  let page: Context;
  const run = async (script: string): Promise<unknown> => {
    const result: unknown = runInContext(
      `(async () => JSON.stringify(await (async () => { ${script} })() ?? null))()`,
      page,
    );
    return JSON.parse(String(await result));
  };

  beforeAll(async () => {
    // What every browser has. No process, no Buffer, no require, no setImmediate.
    const { setTimeout, clearTimeout, setInterval, clearInterval, performance, queueMicrotask } = globalThis;
    const { AbortController, AbortSignal, WritableStream } = globalThis;
    const { URL, Headers, TextEncoder, TextDecoder, btoa, crypto } = globalThis;
    const timing = { setTimeout, clearTimeout, setInterval, clearInterval, performance, queueMicrotask };
    page = createContext(
      Object.assign(timing, {
        AbortController,
        AbortSignal,
        WritableStream,
        URL,
        Headers,
        TextEncoder,
        TextDecoder,
        btoa,
        crypto,
      }),
    );
    runInContext(await bundleSinks(), page);
  }, 60_000);

  it('a chain delivers, retries, and closes at its deadline', async () => {
    const told = await run(`
      const taken = [];
      let fails = 3;
      const chain = sinks.pipe(
        sinks.queue(),
        sinks.filter((n) => n % 2 === 0),
        sinks.retrying({ strategy: sinks.exponentialBackoff({ baseMs: 1, factorMs: 1, maxMs: 2 }) }),
        new sinks.FunctionSink((n) => {
          if (fails-- > 0) throw new Error('again');
          taken.push(n);
        }),
      );
      for (let n = 0; n < 200; n += 1) await chain.write(n);
      const closed = await chain.close();
      const stuck = new sinks.Queue(new sinks.FunctionSink(() => new Promise(() => {})));
      await stuck.write(1);
      const { undelivered } = await stuck.close({ signal: AbortSignal.abort() });
      return [taken.length, closed.undelivered, undelivered];
    `);
    expect(told).toEqual([100, 0, 1]);
  });

  it('events go out over its fetch', async () => {
    const sent = await run(`
      const sent = [];
      const fetch = async (url, { method, body }) => {
        sent.push([String(url), method, body]);
        return { ok: true, status: 204, headers: new Headers(), body: null };
      };
      await sinks.httpSink('https://example.org/hook', { fetch }).write({ n: 1 });
      return sent;
    `);
    expect(sent).toEqual([['https://example.org/hook', 'POST', '{"n":1}']]);
  });
});

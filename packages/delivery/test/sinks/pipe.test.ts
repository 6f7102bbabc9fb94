import { describe, expect, it } from 'vitest';

import {
  Breaker,
  Broadcaster,
  exponentialBackoff,
  filter,
  FunctionSink,
  httpSink,
  pipe,
  Queue,
  queue,
  retrying,
  type Sink,
} from '../../src/index.ts';
import { Gate } from './gate.ts';
import { LocalServer } from './http-server.ts';
import { seeded } from './seeded.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('a chain', () => {
  it('row 72: pipe puts the stages one before the other, and gives the first; to close that closes all', async () => {
    const gate = new Gate();
    const chain = pipe(
      queue<number>(),
      filter((n: number) => n % 2 === 0),
      retrying<number>(),
      gate,
    );
    expect(chain).toBeInstanceOf(Queue);
    for (const n of numbers(10)) await chain.write(n);
    expect(await chain.close()).toEqual({ undelivered: 0 });
    expect([gate.delivered, gate.closes]).toEqual([[0, 2, 4, 6, 8], 1]);
  });

  it('row 72: a stage of your own is a function', async () => {
    const gate = new Gate<string>();
    const chain = pipe((behind: Sink<string>) => new FunctionSink<number>((n) => behind.write(`#${n}`)), gate);
    await chain.write(1);
    expect(gate.delivered).toEqual(['#1']);
  });

  it('row 72: one flaky endpoint loses none of 10,000 events, others are unaffected, order is kept', async () => {
    const random = seeded(72);
    const flaky: number[] = [];
    const steady = new Gate();
    const chain = new Broadcaster<number>(
      [
        steady,
        pipe(
          queue<number>({ maxSize: Infinity }),
          retrying<number>({ strategy: exponentialBackoff({ maxMs: 0 }), maxAttempts: Infinity }),
          new FunctionSink<number>((n) => {
            if (random() < 0.3) throw new Error('flaky');
            flaky.push(n);
          }),
        ),
      ],
      { maxSize: Infinity },
    );
    for (const n of numbers(10_000)) await chain.write(n);
    expect(await chain.close()).toEqual({ undelivered: 0 });
    expect(steady.delivered).toEqual(numbers(10_000));
    expect(flaky).toEqual(numbers(10_000));
    expect(chain.dropped).toBe(0);
  }, 60_000);

  it('row 72: nor does one over HTTP, with failures, resets and a breaker in between', async () => {
    const taken: number[] = [];
    const random = seeded(7);
    const server = await LocalServer.start(({ request, response, body }) => {
      const luck = random();
      if (luck < 0.05) request.socket.resetAndDestroy();
      else if (luck < 0.1) response.writeHead(503).end();
      else {
        taken.push(...(JSON.parse(body) as number[]));
        response.end();
      }
    });
    const steady = new Gate<number[]>();
    const chain = new Broadcaster<number[]>([
      pipe(
        queue<number[]>(),
        retrying<number[]>({ strategy: new Breaker({ threshold: 3, backoffMs: 5 }), maxAttempts: Infinity }),
        httpSink<number[]>(server.url),
      ),
      steady,
    ]);
    // 10,000 events, ten in a request.
    for (const n of numbers(1000)) await chain.write(numbers(10).map((m) => n * 10 + m));
    expect(await chain.close()).toEqual({ undelivered: 0 });
    await server[Symbol.asyncDispose]();
    expect(taken).toEqual(numbers(10_000));
    expect(steady.delivered.flat()).toEqual(numbers(10_000));
  }, 60_000);
});

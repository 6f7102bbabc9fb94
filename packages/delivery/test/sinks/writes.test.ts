import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { closableContract, sinkContract, type Contract, type SinkSetup } from '@lockscope/testkit';
import { describe, it } from 'vitest';

import { FileSink } from '../../src/file/index.ts';
import {
  Broadcaster,
  Channel,
  exponentialBackoff,
  Filter,
  FunctionSink,
  httpSink,
  isSinkClosed,
  Queue,
  Retrying,
  streamSink,
  type Sink,
} from '../../src/index.ts';
import { Gate } from './gate.ts';
import { LocalServer, type Arrived } from './http-server.ts';

type Make = (behind: Sink<number>, onDrop: (n: number) => void) => Sink<number>;

/** A sink over a function that refuses when it is told so. */
const over = (make: Make) => (): SinkSetup => {
  const arrived: number[] = [];
  const dropped: number[] = [];
  let refuses = false;
  const behind = new FunctionSink<number>(async (n) => {
    if (refuses) throw new Error('refused');
    arrived.push(n);
  });
  const sink = make(behind, (n) => dropped.push(n));
  const refuse = (now: boolean): void => {
    refuses = now;
  };
  return { sink, arrived: () => arrived, dropped: () => dropped, refuse };
};

function channel(): SinkSetup {
  const arrived: number[] = [];
  const sink = new Channel<number>({ maxSize: 2 });
  void (async () => {
    for await (const n of sink) arrived.push(n);
  })();
  return { sink, arrived: () => arrived };
}

async function http(): Promise<SinkSetup> {
  const arrived: number[] = [];
  let refuses = false;
  const server = await LocalServer.start(({ body, response }) => {
    if (!refuses) arrived.push(Number(body));
    response.writeHead(refuses ? 500 : 200).end();
  });
  const refuse = (now: boolean): void => {
    refuses = now;
  };
  const dispose = (): Promise<void> => server[Symbol.asyncDispose]();
  return { sink: httpSink<number>(server.url), arrived: () => arrived, refuse, dispose };
}

function file(): SinkSetup {
  const folder = mkdtempSync(join(tmpdir(), 'lockscope-sink-'));
  const path = join(folder, 'events.jsonl');
  const arrived = (): number[] => readFileSync(path, 'utf8').trimEnd().split('\n').map(Number);
  const dispose = (): void => rmSync(folder, { recursive: true, force: true });
  return { sink: new FileSink<number>({ path }), arrived, dispose };
}

const strategy = exponentialBackoff({ maxMs: 0 });
const contracts: Record<string, Contract> = {
  'a function': sinkContract({ create: over((behind) => behind) }),
  'a stream': sinkContract({
    refuses: false,
    create: over((behind) => streamSink(new WritableStream<number>({ write: (n) => behind.write(n) }))),
  }),
  'a queue': sinkContract({ create: over((behind, onDrop) => new Queue(behind, { onDrop })) }),
  'a queue with little room': sinkContract({
    create: over((behind, onDrop) => new Queue(behind, { maxSize: 1, onDrop })),
  }),
  'a broadcaster': sinkContract({ create: over((behind, onDrop) => new Broadcaster([behind], { onDrop })) }),
  'a filter': sinkContract({ create: over((behind) => new Filter(behind, () => true)) }),
  'a filter that takes its time': sinkContract({
    create: over((behind) => new Filter(behind, () => Promise.resolve(true))),
  }),
  'a sink that retries': sinkContract({
    create: over((behind, onDrop) => new Retrying(behind, { strategy, maxAttempts: 3, onDrop })),
  }),
  'a sink that retries one at a time': sinkContract({
    create: over((behind) => new Retrying(behind, { strategy, maxAttempts: 3, serial: true })),
  }),
  'a channel': sinkContract({ refuses: false, create: channel }),
  'an HTTP sink': sinkContract({ ordered: false, create: http }),
  'a file': sinkContract({ refuses: false, create: file }),
};

for (const [name, contract] of Object.entries(contracts)) {
  describe(`row 57: ${name} keeps what sinks promise`, () => {
    for (const { name: promise, run } of contract) it(promise, run);
  });
}

/** A server that takes an event when its answer has gone out. */
const stuckServer = closableContract({
  without: ['inside'],
  create: async () => {
    const gate = new Gate();
    const answer = async ({ body, response }: Arrived): Promise<void> => {
      await gate.write(Number(body));
      response.end();
    };
    const server = await LocalServer.start((arrived) => void answer(arrived));
    const subject = new Queue(httpSink(server.url));
    return {
      subject,
      put: (n) => subject.write(n),
      putAny: (value) => subject.write(value ?? null),
      delivered: () => gate.delivered,
      stick: gate.stick,
      unstick: gate.unstick,
      isClosedError: isSinkClosed,
      dispose: () => server[Symbol.asyncDispose](),
    };
  },
});

describe('row 71: a queue before an HTTP sink keeps what everything promises that can be closed', () => {
  for (const { name, run } of stuckServer) it(name, run);
});

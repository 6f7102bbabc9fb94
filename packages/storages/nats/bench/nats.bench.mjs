// What one uncontended acquire and release cost beside the bare client, and how long a hand-over takes.
// Build first, then: node bench/nats.bench.mjs [rounds] [cycles]
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import {
  compareCycles,
  cycleOf,
  holder,
  printHandOver,
  startServer,
  timeHandOvers,
} from '../../../../test/bench/storage-cycles.mjs';
import { NatsStorage } from '../dist/index.js';

const rounds = Number(process.argv[2] ?? 5);
const cycles = Number(process.argv[3] ?? 5000);
const port = 28_000 + (process.pid % 1000);
const servers = `127.0.0.1:${port}`;
const server = startServer(process.env.NATS_SERVER_BIN ?? 'nats-server', (folder) =>
  ['-a', '127.0.0.1', '-p', String(port)].concat(['-js', '-sd', folder]),
);

async function ready() {
  for (;;) {
    try {
      return await connect({ servers, noAsyncTraces: true });
    } catch {
      await sleep(20);
    }
  }
}

const connection = await ready();

/** A compare-and-set that creates and one that writes over it: the least that a lock on a bucket can do. */
async function writes(bucket) {
  const client = jetstream(connection);
  await new Kvm(client).create(bucket, { history: 1 });
  const text = JSON.stringify(holder);
  const last = new Map();
  return async (key) => {
    const subject = `$KV.${bucket}.${key}`;
    const { seq } = await client.publish(subject, text, { expect: { lastSubjectSequence: last.get(key) ?? 0 } });
    last.set(key, (await client.publish(subject, '', { expect: { lastSubjectSequence: seq } })).seq);
  };
}

/** What the documentation of key-value buckets offers for a lock. */
async function createAndDelete() {
  const bucket = await new Kvm(jetstream(connection)).create('bare', { history: 1 });
  const text = JSON.stringify(holder);
  return async (key) => {
    const revision = await bucket.create(key, text);
    await bucket.delete(key, { previousSeq: revision });
  };
}

console.log(
  `node ${process.versions.node}, nats-server ${connection.info.version}, ${rounds} rounds of ${cycles} cycles, medians`,
);
await compareCycles(
  {
    'two bare writes': await writes('writes'),
    'create + delete': await createAndDelete(),
    lockscope: cycleOf(new NatsStorage({ connection, bucket: 'lockscope' })),
    'two bare writes again': await writes('again'),
  },
  { rounds, cycles },
);

/** Two storages on connections of their own, against a message that travels the same way. */
async function handOvers() {
  const [one, two] = [await ready(), await ready()];
  const storages = [one, two].map((each) => new NatsStorage({ connection: each, bucket: 'hand-over' }));
  const times = await timeHandOvers(storages, { times: 500, settleMs: 2 });
  for (const storage of storages) await storage.close();
  const bucket = await new Kvm(jetstream(one)).create('bare-hand-over', { history: 1 });
  const bare = [];
  let arrived;
  two.subscribe('token', { callback: () => arrived(performance.now()) });
  await two.flush();
  for (let n = 0; n < 500; n += 1) {
    const told = new Promise((resolve) => (arrived = resolve));
    await sleep(2);
    const start = performance.now();
    await bucket.put('a', 'x');
    one.publish('token', 'x');
    bare.push((await told) - start);
  }
  await one.close();
  await two.close();
  printHandOver('lockscope', times);
  printHandOver('bare put, then a message', bare);
}

await handOvers();
await connection.close();
server.kill();

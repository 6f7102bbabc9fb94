// What one uncontended acquire and release cost beside the bare client, and how long a hand-over takes.
// Build first, then: node bench/etcd.bench.mjs [rounds] [cycles]
import { setTimeout as sleep } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import {
  compareCycles,
  cycleOf,
  holder,
  printHandOver,
  startServer,
  timeHandOvers,
} from '../../../../test/bench/storage-cycles.mjs';
import { EtcdStorage } from '../dist/index.js';

const rounds = Number(process.argv[2] ?? 3);
const cycles = Number(process.argv[3] ?? 1000);
const port = 26_000 + (process.pid % 1000);
const [hosts, peers] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${port + 1000}`];
const server = startServer(process.env.ETCD_BIN ?? 'etcd', (folder) =>
  ['--data-dir', folder, '--unsafe-no-fsync', '--logger', 'zap', '--log-level', 'error']
    .concat(['--listen-client-urls', hosts, '--advertise-client-urls', hosts, '--listen-peer-urls', peers])
    .concat(['--initial-advertise-peer-urls', peers, '--initial-cluster', `default=${peers}`]),
);

const client = new Etcd3({ hosts });
for (let ready = false; !ready;) {
  await sleep(50);
  ready = await client.get('nothing').then(
    () => true,
    () => false,
  );
}

/** A transaction that creates a key on a lease that lives anyway, and one that deletes it: the least that a lock can do. */
async function transactions() {
  const { ID } = await client.leaseClient.leaseGrant({ TTL: 600 });
  const value = Buffer.from(JSON.stringify(holder));
  return async (name) => {
    const key = Buffer.from(`bare/${name}`);
    const free = { key, target: 'Create', result: 'Equal', create_revision: 0 };
    await client.kv.txn({ compare: [free], success: [{ request_put: { key, value, lease: ID } }] });
    await client.kv.txn({ success: [{ request_delete_range: { key } }] });
  };
}

/** The lock that comes with the client. */
async function ownLock(name) {
  const lock = client.lock(name).ttl(30);
  await lock.acquire();
  await lock.release();
}

const { version } = await client.maintenance.status();
console.log(`node ${process.versions.node}, etcd ${version}, ${rounds} rounds of ${cycles} cycles, medians`);
await compareCycles(
  {
    'two bare transactions': await transactions(),
    "etcd3's own lock": ownLock,
    lockscope: cycleOf(new EtcdStorage({ client })),
    'two bare transactions again': await transactions(),
  },
  { rounds, cycles },
);

/** Two storages on clients of their own, against a put that another client watches. */
async function handOvers() {
  const other = new Etcd3({ hosts });
  const storages = [client, other].map((each) => new EtcdStorage({ client: each, prefix: 'hand-over/' }));
  const times = await timeHandOvers(storages, { times: 200 });
  for (const storage of storages) await storage.close();
  const bare = [];
  let arrived;
  const watcher = await other.watch().key('token').create();
  watcher.on('put', () => arrived(performance.now()));
  for (let n = 0; n < 200; n += 1) {
    const told = new Promise((resolve) => (arrived = resolve));
    const start = performance.now();
    await client.put('token').value('x');
    bare.push((await told) - start);
  }
  await watcher.cancel();
  other.close();
  printHandOver('lockscope', times);
  printHandOver('a put that is watched', bare);
}

await handOvers();
client.close();
server.kill();

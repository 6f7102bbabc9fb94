// A storage of one's own: a key-value service, 50 lines that speak to it, and the published contract over them.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { liftVersioned } from '@lockscope/storage';
import { createLocks } from '@lockscope/storage-lock';
import { storageContract } from '@lockscope/testkit';

import { keyValueServer } from './kv-server.ts';
import { KeyValueStore } from './kv-store.ts';

async function start(): Promise<{ url: string; stop: () => void }> {
  const server = keyValueServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop };
}

const service = await start();
const storage = liftVersioned(new KeyValueStore(service.url));
const locks = createLocks({ storage });
await locks.run('orders/42', ({ fencingToken }) => console.log(`locked through the service, token ${fencingToken}`));
await locks.close();
service.stop();

const contract = storageContract({
  capabilities: storage.capabilities,
  create: async () => {
    const fresh = await start();
    return { ...fresh, storage: liftVersioned(new KeyValueStore(fresh.url)) };
  },
  second: ({ url }) => liftVersioned(new KeyValueStore(url)),
  dispose: ({ stop }) => stop(),
  rounds: 50, // the default of 1,000 is for a nightly run: each round is a few requests
});
let broken = 0;
for (const { name, run } of contract) {
  await run().catch((error: unknown) => {
    broken += 1;
    console.log(`BROKEN ${name}: ${String(error)}`);
  });
}
console.log(
  `${contract.length - broken} of ${contract.length} promises kept; not tried: ${contract.missing.join(', ')}`,
);
process.exitCode = broken === 0 ? 0 : 1;

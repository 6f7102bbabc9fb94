import { type TestServer, startServer } from './server.ts';

/** An etcd of its own for a test: one member, its data stay over `restart`. */
export interface EtcdTestServer extends TestServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
}

/** Starts an etcd on free ports. It does not wait for the disk: a test kills processes, not the power. */
export async function startEtcd(args: readonly string[] = []): Promise<EtcdTestServer> {
  const server = await startServer({
    tool: 'etcd',
    ports: 2,
    arguments: ({ folder, ports: [clients, peers] }) => {
      const [clientUrl, peerUrl] = [`http://127.0.0.1:${clients}`, `http://127.0.0.1:${peers}`];
      const data = ['--data-dir', folder, '--unsafe-no-fsync', '--logger', 'zap', '--log-level', 'error'];
      const listen = ['--listen-client-urls', clientUrl, '--listen-peer-urls', peerUrl];
      const tell = ['--advertise-client-urls', clientUrl, '--initial-advertise-peer-urls', peerUrl];
      return [...data, ...listen, ...tell, '--initial-cluster', `default=${peerUrl}`, ...args];
    },
    isReady: async ({ port }) => {
      const answer = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(1000) });
      return (await answer.text()).includes('true');
    },
  });
  return Object.assign(server, { url: `http://127.0.0.1:${server.port}` });
}

import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import { startNats, type NatsTestOptions, type NatsTestServer } from '../../../../test/support/servers/nats.ts';
import { startProxy, type TcpProxy } from '../../../../test/support/servers/tcp-proxy.ts';
import { NatsStorage } from '../src/index.ts';
import { nameOf } from '../src/subjects.ts';

export type Connection = Awaited<ReturnType<typeof connect>>;

/** A server, a network before it, and somebody who looks and meddles from beside; each made when first asked for. */
export class World {
  readonly #options: NatsTestOptions;
  readonly #storages: NatsStorage[] = [];
  #server: Promise<NatsTestServer> | undefined;
  #proxy: Promise<TcpProxy> | undefined;
  #beside: Promise<Connection> | undefined;
  #buckets = 0;

  constructor(options: NatsTestOptions = {}) {
    this.#options = options;
  }

  server(): Promise<NatsTestServer> {
    return (this.#server ??= startNats(this.#options));
  }

  proxy(): Promise<TcpProxy> {
    return (this.#proxy ??= this.server().then(({ port }) => startProxy(port)));
  }

  beside(): Promise<Connection> {
    const options = { maxReconnectAttempts: -1, reconnectTimeWait: 20, reconnectJitter: 1 };
    return (this.#beside ??= this.server().then(({ url }) => connect({ servers: url, ...options })));
  }

  newBucket(): string {
    return `b${(this.#buckets += 1)}`;
  }

  /** A storage that is closed at the end. */
  async storage(bucket: string, more: { viaProxy?: boolean } = {}): Promise<NatsStorage> {
    const { port } = more.viaProxy === true ? await this.proxy() : await this.server();
    const storage = new NatsStorage({ servers: `127.0.0.1:${port}`, bucket });
    this.#storages.push(storage);
    return storage;
  }

  async put(bucket: string, key: string, text: string): Promise<void> {
    const connection = await this.beside();
    await connection.request(`$KV.${bucket}.${nameOf(key)}`, text);
  }

  /** As `nats kv del` does. */
  async deleteAsKeyValueClient(bucket: string, key: string): Promise<void> {
    const bucketOf = await new Kvm(jetstream(await this.beside())).open(bucket);
    await bucketOf.delete(nameOf(key));
  }

  /** Names of everything that is kept in a bucket. */
  async names(bucket: string): Promise<string[]> {
    const manager = await jetstreamManager(await this.beside());
    const { state } = await manager.streams.info(`KV_${bucket}`, { subjects_filter: '>' });
    return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(`$KV.${bucket}.`.length));
  }

  async removeBucket(bucket: string): Promise<void> {
    const manager = await jetstreamManager(await this.beside());
    await manager.streams.delete(`KV_${bucket}`).catch(() => undefined);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#storages.map((storage) => storage.close()));
    await (await this.#beside)?.close();
    await (await this.#proxy)?.close();
    await (await this.#server)?.stop();
  }
}

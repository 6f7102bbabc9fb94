import { Etcd3 } from 'etcd3';
import { startEtcd, type EtcdTestServer } from '../../../../test/support/servers/etcd.ts';
import { startProxy, type TcpProxy } from '../../../../test/support/servers/tcp-proxy.ts';
import { EtcdStorage, type EtcdStorageOptions } from '../src/index.ts';
import { Keys } from '../src/keys.ts';

/** A server, a network before it, and somebody who looks and meddles from beside; each made when first asked for. */
export class World {
  readonly #storages: EtcdStorage[] = [];
  #server: Promise<EtcdTestServer> | undefined;
  #proxy: Promise<TcpProxy> | undefined;
  #beside: Promise<Etcd3> | undefined;
  #prefixes = 0;

  server(): Promise<EtcdTestServer> {
    return (this.#server ??= startEtcd());
  }

  proxy(): Promise<TcpProxy> {
    return (this.#proxy ??= this.server().then(({ port }) => startProxy(port)));
  }

  beside(): Promise<Etcd3> {
    return (this.#beside ??= this.server().then(({ url }) => new Etcd3({ hosts: url })));
  }

  newPrefix(): string {
    return `test${(this.#prefixes += 1)}/`;
  }

  /** A storage that is closed at the end. */
  async storage(prefix: string, more: EtcdStorageOptions & { viaProxy?: boolean } = {}): Promise<EtcdStorage> {
    const { viaProxy = false, ...options } = more;
    const { port } = viaProxy ? await this.proxy() : await this.server();
    const where = options.client === undefined ? { hosts: `http://127.0.0.1:${port}` } : {};
    const storage = new EtcdStorage({ ...where, prefix, ...options });
    this.#storages.push(storage);
    return storage;
  }

  async put(prefix: string, key: string, text: string): Promise<void> {
    const client = await this.beside();
    await client.put(new Keys(prefix).record(key)).value(text);
  }

  /** Everything that is kept under a prefix. */
  async names(prefix: string): Promise<string[]> {
    const client = await this.beside();
    const names = await client.getAll().prefix(prefix).keys();
    return names.map((name) => name.slice(prefix.length));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#storages.map((storage) => storage.close()));
    (await this.#beside)?.close();
    await (await this.#proxy)?.close();
    await (await this.#server)?.stop();
  }
}

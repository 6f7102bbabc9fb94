import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * A lock for tests with several processes: who connects and sends a key waits for its turn; when its connection ends,
 * the next one has it. A process that dies loses its lock with its connection.
 */
export class LockServer {
  readonly #server: Server;
  readonly #queues = new Map<string, Socket[]>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', (data) => this.#join(String(data), socket));
    });
  }

  static async start(): Promise<LockServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new LockServer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of [...this.#queues.values()].flat()) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(key: string, socket: Socket): void {
    const queue = this.#queues.get(key) ?? [];
    this.#queues.set(key, queue);
    queue.push(socket);
    if (queue.length === 1) socket.write('granted');
    socket.on('close', () => {
      const place = queue.indexOf(socket);
      queue.splice(place, 1);
      if (place === 0) queue[0]?.write('granted');
    });
  }
}

import { once } from 'node:events';
import { type AddressInfo, type Socket, createConnection, createServer } from 'node:net';

/** What goes wrong between a client and a server. What is not given is in order; `{}` heals. */
export interface NetworkFaults {
  /** Every byte in both directions comes so many milliseconds later. */
  readonly delayMs?: number;
  /** Only what the server says comes so many milliseconds later: it has done what it was asked by then. */
  readonly replyDelayMs?: number;
  /** Bytes vanish in both directions, connections stay open. `'replies'`: only what the server says. */
  readonly blackhole?: boolean | 'replies';
  /** New connections are reset. Those that are open stay as they are: see `reset`. */
  readonly down?: boolean;
}

/** A network between clients and one server, for tests. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that clients have open. */
  readonly connections: number;
  /** Replaces all faults by these. Bytes that are delayed already stay so. */
  set(faults: NetworkFaults): void;
  /** Cuts every open connection (RST). Do so before healing a blackhole: what it swallowed is missing in the stream. */
  reset(): void;
  /** Cuts what is open and listens no more. */
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and connects every client to `targetPort`. */
export async function startProxy(targetPort: number): Promise<TcpProxy> {
  let faults: NetworkFaults = {};
  const open = new Map<Socket, Socket>();
  const listener = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    if (faults.down === true) {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const target = createConnection({ host: '127.0.0.1', port: targetPort, noDelay: true, allowHalfOpen: true });
    open.set(client, target);
    client.once('close', () => open.delete(client));
    join(client, target, () => ({
      lost: faults.blackhole === true,
      delayMs: faults.delayMs ?? 0,
    }));
    join(target, client, () => ({
      lost: faults.blackhole === true || faults.blackhole === 'replies',
      delayMs: Math.max(faults.delayMs ?? 0, faults.replyDelayMs ?? 0),
    }));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const reset = (): void => {
    for (const [client, target] of open) {
      client.resetAndDestroy();
      target.resetAndDestroy();
    }
  };
  return {
    port: (listener.address() as AddressInfo).port,
    get connections() {
      return open.size;
    },
    set: (next) => {
      faults = next;
    },
    reset,
    close: async () => {
      const closed = once(listener, 'close');
      listener.close();
      reset();
      await closed;
    },
  };
}

/** Passes on what one side says, and that it says no more. Both go when one goes. */
function join(from: Socket, to: Socket, now: () => { readonly lost: boolean; readonly delayMs: number }): void {
  // What was said first arrives first, also when the delay was shortened meanwhile or a timer is late: a stream whose
  // bytes change places is nothing that a network does.
  const waiting: { readonly due: number; readonly deliver: () => void }[] = [];
  const flush = (): void => {
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      const inMs = first.due - performance.now();
      if (inMs > 0) return void setTimeout(flush, inMs);
      waiting.shift();
      first.deliver();
    }
  };
  const later = (deliver: () => void, delayMs: number): void => {
    if (waiting.length === 0 && delayMs === 0) return deliver();
    waiting.push({ due: performance.now() + delayMs, deliver });
    if (waiting.length === 1) flush();
  };
  from.on('data', (bytes) => {
    const { lost, delayMs } = now();
    if (!lost) later(() => to.writable && to.write(bytes), delayMs);
  });
  from.on('end', () => {
    const { lost, delayMs } = now();
    if (!lost) later(() => to.end(), delayMs);
  });
  from.on('error', () => to.resetAndDestroy());
}

// Locks of the test's lock server, for this process and for the workers.
import { once } from 'node:events';
import { connect } from 'node:net';

export function makeLocks({ port }) {
  return {
    async run(key, routine) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(key);
      await once(socket, 'data');
      try {
        return await routine();
      } finally {
        socket.end();
      }
    },
  };
}

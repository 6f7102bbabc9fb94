import { Redis } from 'ioredis';

let sent = 0;
const sendCommand = Reflect.get(Redis.prototype, 'sendCommand') as (...of: unknown[]) => unknown;
Redis.prototype.sendCommand = function countedSend(command, stream): unknown {
  sent += 1;
  return sendCommand.call(this, command, stream);
};

/**
 * How many commands this process has sent over ioredis since it began. Counted here, because the statistics of the server
 * also count what scripts call.
 */
export function commandsSent(): number {
  return sent;
}

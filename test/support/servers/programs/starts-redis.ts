// Starts a server, says where, and stays: its parent kills it.
import { startRedis } from '../redis.ts';

const { pid, folder } = await startRedis();
process.stdout.write(`${JSON.stringify({ pid, folder })}\n`);
setInterval(() => {}, 60_000);

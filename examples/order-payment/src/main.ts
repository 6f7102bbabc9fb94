// Starts the orders, later the payments, kills the payments once, and says what came of it: node main.js [nats] [orders]
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

type Report = Readonly<Record<string, number>>;
type Said = { readonly placed?: number; readonly paid?: number; readonly report?: Report };

const [servers = 'nats://127.0.0.1:4222', wanted = '1000'] = process.argv.slice(2);
const total = Number(wanted);
const folder = mkdtempSync(join(tmpdir(), 'lockscope-orders-'));
const children = new Set<ChildProcess>();

try {
  const orders = start('orders', wanted);
  await until(orders, ({ placed }) => placed === total);
  console.log(`${total} orders are placed, and nobody takes payments`);

  const first = start('payments');
  await until(orders, ({ paid = 0 }) => paid >= total / 4);
  const killed = once(first, 'exit');
  first.kill('SIGKILL');
  await killed;
  console.log('the payments are killed in the middle of their work, and start again');

  const second = start('payments');
  await until(orders, ({ paid }) => paid === total);
  const payments = await report(second);
  const { paid, orders: placed, sameTrace, ...rest } = await report(orders);
  console.log(`orders: ${placed}, paid: ${paid}, payments: ${payments['payments']}`);
  console.log(`orders whose payment has the trace of the order: ${sameTrace}`);
  console.log(`payments that were asked for more than once, and made once: ${payments['repeated']}`);
  console.log(`handlers that failed: ${Number(rest['failed']) + Number(payments['failed'])}`);
  console.log(`events given up: ${Number(rest['dead']) + Number(payments['dead'])}`);
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
}

function start(name: string, ...more: string[]): ChildProcess {
  const program = fileURLToPath(new URL(`${name}.js`, import.meta.url));
  const child = fork(program, [servers, join(folder, `${name}.db`), ...more], { execArgv: process.execArgv });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Resolves when the process says what is waited for; rejects when it ends before. */
function until(child: ChildProcess, holds: (said: Said) => boolean): Promise<Said> {
  return new Promise((resolve, reject) => {
    const hear = (said: Said): void => {
      if (!holds(said)) return;
      child.off('message', hear);
      child.off('exit', ended);
      resolve(said);
    };
    const ended = (code: number | null): void => reject(new Error(`a process ended with ${code}`));
    child.on('message', hear);
    child.once('exit', ended);
  });
}

async function report(child: ChildProcess): Promise<Report> {
  const said = until(child, (one) => one.report !== undefined);
  child.send('stop');
  return (await said).report ?? {};
}

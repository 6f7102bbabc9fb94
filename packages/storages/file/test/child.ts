// One of several processes on one folder. The parent says what to do, step by step.
import { appendFileSync } from 'node:fs';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { AcquireRequest } from '@lockscope/storage';
import { FileStorage } from '../src/index.ts';

const [path = '', ledger = ''] = process.argv.slice(2);
const storage = new FileStorage({ path, busyTimeoutMs: 20_000 });
const holder = { ownerId: `child:${process.pid}`, pid: process.pid };
const leaseMs = 400;

type Request = Omit<AcquireRequest, 'holder'>;

/** Notes when it enters and leaves, until somebody ends it. */
async function loop(): Promise<never> {
  for (let round = 0; ; round += 1) {
    const leaseId = `${process.pid}:${round}`;
    const askedAt = performance.now();
    const answer = await storage.acquire({ key: 'k', leaseId, leaseMs, holder });
    if (answer.acquired) {
      const { fencingToken } = answer.record;
      const isOver = (): boolean => performance.now() - askedAt >= leaseMs;
      const note = (what: string): void => appendFileSync(ledger, `${what} ${fencingToken} ${process.pid}\n`);
      if (!isOver()) {
        note('enter');
        await turn();
        // Some renew before they leave, so that others die in the middle of that too.
        if (round % 3 === 0) await storage.renew('k', leaseId, leaseMs);
        note('leave');
        // A process that did not run for a while may have written when its lease was over.
        if (isOver()) note('late');
      }
      await storage.release('k', leaseId);
    } else await sleep(1 + Math.random() * 4);
  }
}

const steps: Readonly<Record<string, (input: Request) => unknown>> = {
  acquire: (request) => storage.acquire({ holder, ...request }),
  renew: ({ key, leaseId, leaseMs: ms }) => storage.renew(key, leaseId, ms),
  release: ({ key, leaseId }) => storage.release(key, leaseId),
  loop: () => {
    void loop();
    return 'begun';
  },
};

async function obey(step: string, input: Request): Promise<void> {
  try {
    process.send?.({ result: await steps[step]?.(input) });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
}

process.on('message', ({ step, input }: { step: string; input: Request }) => void obey(step, input));
process.send?.({ result: 'ready' });

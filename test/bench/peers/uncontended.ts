// A process of its own: what an acquire and a release cost that nobody disturbs. Its argument is an `Uncontended` as JSON;
// sends its rows to its parent.
import { cpuClock, measure, ranNs } from '../rounds.mjs';
import { peers, type PeerName } from './all-peers.ts';
import { commandsSent } from './commands.ts';
import type { Party } from './peer.ts';
import { pinned } from './pinned.ts';

export interface Uncontended {
  readonly url: string;
  /** The first one is the base. */
  readonly peers: readonly PeerName[];
  /** How many loops at once; each has a key of its own. A single loop goes round 100 keys. */
  readonly parallel: number;
  readonly rounds: number;
  readonly roundMs: number;
  /**
   * A server that is put on one core together with this process; then the time is what both of them work. Else it is the
   * time that passes.
   */
  readonly serverPid?: number;
}

export interface UncontendedRow {
  readonly peer: PeerName;
  /** The base a second time: the noise. */
  readonly again: boolean;
  readonly numbers: Readonly<Record<string, number>>;
}

export interface UncontendedResult {
  /** Whether it and the server could be put on one core. */
  readonly pinned: boolean;
  readonly rows: readonly UncontendedRow[];
}

type Run = (operations: number) => Promise<void>;

interface Case {
  readonly name: string;
  readonly peer: PeerName;
  readonly commands: number;
  readonly served: { microseconds(): number };
  readonly run: Run;
  close(): Promise<unknown>;
}

async function run(options: Uncontended): Promise<UncontendedResult> {
  const { url, parallel, rounds, roundMs, serverPid } = options;
  const together = serverPid !== undefined && pinned([process.pid, serverPid]);
  const cases: Case[] = [];
  for (const peer of options.peers) {
    const party: Party<unknown> = await peers[peer].open(url);
    const commands = peers[peer].server === 'redis' ? await commandsPerCycle(party) : NaN;
    const served = timedOnServer(serverPid, loops(party, parallel));
    cases.push({ name: peer, peer, commands, served, run: served.run, close: () => party.close() });
  }
  const clock = serverPid === undefined ? undefined : cpuClock([serverPid]);
  const measured = await measure(cases, { rounds, roundMs, ...(clock !== undefined && { clock }) });
  // The base comes first, and again as the first of the cases.
  const [base] = cases;
  const rows = measured.flatMap(({ ns, ratio, low, high, bytes }, index): UncontendedRow[] => {
    const measuredCase = index === 0 ? base : cases[index - 1];
    if (measuredCase === undefined) return [];
    const { peer, commands, served } = measuredCase;
    const times = { microseconds: ns / 1000, serverMicroseconds: served.microseconds() };
    const ratios = { ofBase: 1 / ratio, low: 1 / high, high: 1 / low };
    return [{ peer, again: index === 0, numbers: { ...ratios, ...times, bytes, commands } }];
  });
  return { pinned: together, rows };
}

/** So many loops share the operations. */
function loops(party: Party<unknown>, parallel: number): Run {
  return async (operations) => {
    let left = operations;
    const loop = async (keyNow: () => string): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await party.release(await party.acquire(keyNow()));
      }
    };
    if (parallel === 1) return loop(() => `orders/${left % 100}`);
    await Promise.all(Array.from({ length: parallel }, (_, index) => loop(() => `orders/${index}`)));
  };
}

/** How long the server works for one operation. */
function timedOnServer(pid: number | undefined, inner: Run): { readonly run: Run; microseconds(): number } {
  let ns = 0;
  let count = 0;
  if (pid === undefined) return { run: inner, microseconds: () => NaN };
  return {
    async run(operations) {
      const before = ranNs(pid);
      await inner(operations);
      ns += ranNs(pid) - before;
      count += operations;
    },
    microseconds: () => ns / count / 1000,
  };
}

/** What is sent for one acquire and release, once the connection is made and the scripts are known. */
async function commandsPerCycle(party: Party<unknown>): Promise<number> {
  const cycles = 50;
  const key = 'orders/0';
  await party.release(await party.acquire(key));
  const before = commandsSent();
  for (let cycle = 0; cycle < cycles; cycle += 1) await party.release(await party.acquire(key));
  return (commandsSent() - before) / cycles;
}

process.send?.(await run(JSON.parse(process.argv[2] ?? '') as Uncontended), () => process.exit(0));

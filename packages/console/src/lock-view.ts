import type { Lane } from './lane.ts';
import type { LockView, WaiterView } from './page/view.ts';
import type { ProcessList } from './process-list.ts';
import { blockerView, type Wait } from './span.ts';

const maxWaiters = 8;
/** What two processes tell may arrive in another order than it happened; this long nobody is called a believer. */
const graceMs = 500;

/** One lock as it is now. */
export function lockView(
  lane: Lane,
  processes: ProcessList,
  expectedHoldMs: number | undefined,
  now: number,
): LockView {
  const { key, name, holder, openHolds, openWaits } = lane;
  const waiters = [...openWaits].toSorted((a, b) => a.from - b.from);
  const believers = [...openHolds].filter(
    (hold) =>
      hold !== holder && now - (holder?.from ?? now) > graceMs && processes.get(hold.process)?.gone === undefined,
  );
  return {
    key,
    name,
    ...(holder !== undefined && { holder: holderView(holder, processes) }),
    believers: believers.map(({ process, token }) => ({ process, ...(token !== undefined && { token }) })),
    waiters: waiters.slice(0, maxWaiters).map(waiterView),
    waiting: waiters.length,
    ...(expectedHoldMs !== undefined && { expectedHoldMs }),
  };
}

export function waiterView({ key, process, operation, from, obstacles }: Wait): WaiterView {
  const last = obstacles.at(-1);
  return {
    key,
    process,
    ...(operation !== undefined && { operation }),
    since: from,
    ...(last !== undefined && { blocker: blockerView(last) }),
  };
}

function holderView(
  { process, operation, token, from, leaseEnd, suspect }: NonNullable<Lane['holder']>,
  processes: ProcessList,
): NonNullable<LockView['holder']> {
  const gone = processes.get(process)?.gone;
  return {
    process,
    ...(operation !== undefined && { operation }),
    ...(token !== undefined && { token }),
    since: from,
    ...(leaseEnd !== undefined && { leaseEnd }),
    ...(suspect && { suspect: true as const }),
    ...(gone !== undefined && { gone }),
  };
}

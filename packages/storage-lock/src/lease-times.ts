import { checkDuration } from './option-checks.ts';

/** @internal Times that fit each other. */
export interface LeaseTimes {
  readonly leaseMs: number;
  readonly renewEveryMs: number;
}

/** @internal Checks that a renewal leaves enough of its lease. */
export function resolveLeaseTimes(
  leaseMs: number,
  renewEveryMs: number | undefined,
  marginMs: number | undefined,
  problems: string[],
): LeaseTimes {
  const before = problems.length;
  checkDuration('leaseMs', leaseMs, problems);
  if (renewEveryMs !== undefined) checkDuration('renewEveryMs', renewEveryMs, problems);
  if (marginMs !== undefined) checkDuration('marginMs', marginMs, problems);
  const times = { leaseMs, renewEveryMs: renewEveryMs ?? Math.max(1, Math.floor(leaseMs / 3)) };
  if (problems.length > before) return times;
  const margin = marginMs ?? Math.max(1000, leaseMs / 3);
  const left = leaseMs - times.renewEveryMs;
  if (left < margin) {
    const hint =
      marginMs === undefined
        ? 'make leaseMs longer, renewEveryMs shorter, or set marginMs'
        : 'make leaseMs longer, or renewEveryMs or marginMs shorter';
    problems.push(
      `leaseMs ${leaseMs} less renewEveryMs ${times.renewEveryMs} leaves ${left} ms for a slow renewal, which is under the margin of ${Math.ceil(margin)} ms: ${hint}`,
    );
  }
  return times;
}

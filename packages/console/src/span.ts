import type { BlockerView, SpanView } from './page/view.ts';

/** A possession, as far as it is known. */
export interface Hold {
  readonly kind: 'hold';
  readonly id: number;
  readonly key: string;
  readonly process: string;
  readonly tree: string;
  readonly ownerId: string | undefined;
  readonly operation: string | undefined;
  readonly token: number | undefined;
  readonly from: number;
  readonly leaseMs: number | undefined;
  readonly waitedMs: number;
  leaseEnd: number | undefined;
  suspect: boolean;
  overFrom: number | undefined;
  goneAt: number | undefined;
  to: number | undefined;
  end: 'released' | 'lost' | 'expired' | 'failed' | undefined;
  /** The revision of its last change. */
  revision: number;
}

/** Somebody in the way of a wait, from `at` on. */
export interface Obstacle {
  readonly at: number;
  readonly ownerId: string | undefined;
  readonly operation: string | undefined;
  readonly token: number | undefined;
  readonly pid: number | undefined;
  /** Found out once its own events have come in. */
  process: string | undefined;
}

/** A wait, as far as it is known. */
export interface Wait {
  readonly kind: 'wait';
  readonly id: number;
  readonly key: string;
  readonly process: string;
  readonly tree: string;
  readonly operation: string | undefined;
  readonly from: number;
  obstacles: readonly Obstacle[];
  /** When it was first heard of, and when last, by the console's clock. */
  readonly metAt: number;
  heardAt: number;
  to: number | undefined;
  outcome: string | undefined;
  revision: number;
}

export type Span = Hold | Wait;

/** The bar of a possession or a wait. */
export function spanView(span: Span): SpanView {
  const { id, key, process, operation, from, to } = span;
  const bar = {
    id,
    key,
    process,
    ...(operation !== undefined && { operation }),
    from,
    ...(to !== undefined && { to }),
  };
  if (span.kind === 'wait') {
    const blockers = span.obstacles.map((obstacle) => ({ ...blockerView(obstacle), at: obstacle.at }));
    return { kind: 'wait', ...bar, ...(span.outcome !== undefined && { outcome: span.outcome }), blockers };
  }
  const { token, end, overFrom, goneAt } = span;
  return {
    kind: 'hold',
    ...bar,
    ...(token !== undefined && { token }),
    ...(end !== undefined && { end }),
    ...(overFrom !== undefined && { overFrom }),
    ...(goneAt !== undefined && { goneAt }),
  };
}

export function blockerView({ process, operation, token, ownerId }: Omit<Obstacle, 'at' | 'pid'>): BlockerView {
  const label = ownerId === '_next' ? 'the next in line' : (process ?? operation ?? ownerId);
  return {
    ...(process !== undefined && { process }),
    ...(operation !== undefined && operation !== '_handoff' && { operation }),
    ...(token !== undefined && { token }),
    label: label ?? 'somebody unknown',
  };
}

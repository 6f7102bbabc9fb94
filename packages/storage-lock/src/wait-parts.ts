import { waitSegmentKinds, type Blocker, type WaitSegment, type WaitSegmentKind } from '@lockscope/core';

/** @internal A possession that somebody waits for, as far as the waiter knows it. */
export interface SeenTurn {
  readonly blocker: Blocker;
  /** When it began, on the monotonic clock of this process, where that is known. */
  readonly since: number | undefined;
  /** The possession itself, when it is one of this process. */
  readonly here?: { readonly isOver: boolean };
}

/** @internal One stretch of a wait, on the monotonic clock of this process. */
export interface WaitPiece {
  readonly kind: WaitSegmentKind;
  readonly from: number;
  readonly to: number;
  /** Whose possession it was, for `held_by`. */
  readonly turn?: SeenTurn | undefined;
}

/** So many parts are told of one wait. */
const mostParts = 32;

interface Part {
  readonly kind: WaitSegmentKind;
  ms: number;
  to: number;
  turn: SeenTurn | undefined;
}

/** @internal The parts of one wait, oldest first: however long it lasts, a few. */
export class WaitParts {
  readonly #parts: Part[] = [];
  readonly #kinds = new Set<WaitSegmentKind>();

  /** Parts of one kind and one possession that touch are one; those for which there is no room join the last of their kind. */
  add({ kind, from, to, turn }: WaitPiece): void {
    const ms = to - from;
    const last = this.#parts.at(-1);
    if (last?.kind === kind && (turn === undefined ? last.turn === undefined : isSame(last.turn, turn.blocker))) {
      last.ms += ms;
      last.to = to;
      if (last.turn?.since === undefined) last.turn = turn;
    } else {
      const joined = this.#hasRoomFor(kind) ? undefined : this.#parts.findLast((part) => part.kind === kind);
      if (joined === undefined) {
        this.#parts.push({ kind, ms, to, turn });
        this.#kinds.add(kind);
      } else {
        joined.ms += ms;
        joined.turn = undefined;
      }
    }
  }

  /** A last place is kept for each kind that has none yet. */
  #hasRoomFor(kind: WaitSegmentKind): boolean {
    const missing = waitSegmentKinds.length - this.#kinds.size;
    return this.#parts.length < mostParts - missing || !this.#kinds.has(kind);
  }

  segments(): readonly WaitSegment[] {
    return this.#parts.map(({ kind, ms, to, turn }) =>
      turn === undefined ? { kind, ms } : { kind, ms, blocker: blockerUntil(turn, to) },
    );
  }
}

/** @internal Whose possession it was, and how long it had lasted then. */
export function blockerUntil({ blocker, since }: SeenTurn, to: number): Blocker {
  if (since !== undefined) return { ...blocker, heldForMs: Math.max(0, to - since) };
  const { heldForMs: _unknown, ...rest } = blocker;
  return rest;
}

/** @internal Whether they are the same possession. */
export function isSame(turn: SeenTurn | undefined, { ownerId, fencingToken }: Blocker): boolean {
  return turn?.blocker.ownerId === ownerId && turn.blocker.fencingToken === fencingToken;
}

import { loadavg } from 'node:os';

import { peers, type PeerName } from './all-peers.ts';
import type { Measurement, Row } from './results.ts';

interface Measured {
  readonly peer: PeerName;
  readonly again: boolean;
  readonly numbers: Readonly<Record<string, number>>;
  readonly rounds?: Readonly<Record<string, readonly number[]>>;
}

interface Made extends Omit<Measurement, 'rows' | 'noise' | 'date' | 'load'> {
  readonly rows: readonly Measured[];
  /** The number of the base's second entry that shows the noise: its distance to 1. */
  readonly noiseOf?: string;
}

/** Names the rows, and leaves out digits and numbers that say nothing. */
export function measurementOf({ noiseOf, rows, ...rest }: Made): Measurement {
  const second = rows.find(({ again }) => again)?.numbers[noiseOf ?? ''];
  return {
    ...rest,
    date: new Date().toISOString(),
    load: short(loadavg()[0] ?? NaN),
    ...(second !== undefined && { noise: short(Math.abs(second - 1)) }),
    rows: rows.map(({ peer, again, numbers, rounds }): Row => {
      const { name } = peers[peer];
      const known = Object.entries(numbers).filter(([, value]) => Number.isFinite(value));
      return {
        peer: again ? `${peer}, again` : peer,
        name: again ? `${name}, again` : name,
        numbers: Object.fromEntries(known.map(([number, value]) => [number, short(value)])),
        ...(rounds !== undefined && {
          rounds: Object.fromEntries(Object.entries(rounds).map(([number, values]) => [number, values.map(short)])),
        }),
      };
    }),
  };
}

/** Four digits are more than anything here is worth. */
function short(value: number): number {
  return Number(value.toPrecision(4));
}

/** Random numbers that a seed repeats. */
export interface Random {
  /** From `low` to `high`, both included. */
  int(low: number, high: number): number;
  pick<T>(from: readonly T[]): T;
}

/** The generator mulberry32: small, and good enough to choose moments. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return { int, pick: <T>(from: readonly T[]) => from.at(int(0, from.length - 1)) as T };
}

/** `LOCKSCOPE_SEED`, or another one each time. */
export function chosenSeed(): number {
  const given = Number(process.env['LOCKSCOPE_SEED']);
  return Number.isSafeInteger(given) && given > 0 ? given : Math.floor(Math.random() * 2 ** 31) + 1;
}

/** How often a server is killed in the middle of each operation: `LOCKSCOPE_CAMPAIGN`, if it is given. */
export function chosenRounds(): number | undefined {
  const given = Number(process.env['LOCKSCOPE_CAMPAIGN']);
  return Number.isSafeInteger(given) && given > 0 ? given : undefined;
}

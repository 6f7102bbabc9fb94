/** The value below which this share of the others is; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Jain's index of fairness: 1 when all have the same, 1/n when one has it all. */
export function jain(counts: readonly number[]): number {
  return total(counts) ** 2 / (counts.length * total(counts.map((count) => count * count)));
}

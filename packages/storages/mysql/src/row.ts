/** A row as it comes: every value as the bytes that the server sent, whatever the connection is set to make of them. */
export type Row = Readonly<Record<string, Buffer | null | undefined>>;

/** What is sent for a statement that gives rows, or how many it changed. */
export type Answer = readonly Row[] | { readonly affectedRows: number };

/** The rows of an answer; none where there are only changes. */
export function rowsOf(answer: Answer | undefined): readonly Row[] {
  return Array.isArray(answer) ? (answer as readonly Row[]) : [];
}

/** A whole number that JavaScript can hold; undefined for anything else. */
export function integer(value: Buffer | null | undefined): number | undefined {
  if (value === null || value === undefined) return undefined;
  const text = value.toString('latin1');
  if (!/^-?\d{1,16}$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** A time in epoch milliseconds, from microseconds. */
export function time(value: Buffer | null | undefined): number | undefined {
  const micros = integer(value);
  return micros === undefined ? undefined : micros / 1000;
}

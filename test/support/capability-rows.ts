/** The row of the table of capabilities that a test is about: its name begins with `row 57: `. */
export function rowOf(testName: string): number | undefined {
  const [, row] = /^row (\d+): /.exec(testName) ?? [];
  return row === undefined ? undefined : Number(row);
}

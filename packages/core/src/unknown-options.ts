/** A problem for each option that there is not, as after a slip of the pen. */
export function unknownOptions(options: object, known: ReadonlySet<string>): string[] {
  return Object.keys(options)
    .filter((name) => !known.has(name))
    .map((name) => `there is no option ${JSON.stringify(name)}; known are ${[...known].join(', ')}`);
}

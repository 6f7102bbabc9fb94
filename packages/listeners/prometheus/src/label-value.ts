/** The most characters of a label value; what is longer is cut. */
export const maxLabelLength = 200;

/** Half of a surrogate pair: two different ones would be the same bytes in UTF-8, so the same series twice. */
const loneSurrogate = /\p{Surrogate}/gu;

/** What was given as a value that every Prometheus takes; `unknown` when it says nothing. */
export function labelValue(given: unknown): string {
  if (typeof given !== 'string' || given === '') return 'unknown';
  const cut = given.length > maxLabelLength ? given.slice(0, maxLabelLength) : given;
  return cut.replace(loneSurrogate, '\uFFFD');
}

/** A label value as it stands between the quotes of the text format. */
export function escapeLabelValue(value: string): string {
  return value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('"', String.raw`\"`);
}

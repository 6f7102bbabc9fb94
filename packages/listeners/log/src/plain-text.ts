const maxText = 256;

// Line ends would forge lines, escape sequences would drive the terminal, and direction marks would reorder both.
// oxlint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Text that somebody else may have chosen (a key, an operation, an error) as a line or a terminal can take it: on one
 * line, at most 256 characters, with everything that is not printed shown as its code.
 */
export function plainText(text: unknown): string {
  const whole = typeof text === 'string' ? text : String(text);
  const short = whole.length > maxText ? `${whole.slice(0, maxText)}…` : whole;
  return short.replace(unsafe, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}

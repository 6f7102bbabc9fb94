const escape = '\u0010';
const special = /[\p{Cc}\p{Cs}]/gu;
const escaped = new RegExp(`${escape}([0-9a-f]{4})`, 'g');

/**
 * A text as it stands in the file. SQLite ends some texts at a zero character and cannot keep half a surrogate pair, so
 * two different keys could become one; control characters and such halves are written as an escape.
 */
export function toStoredText(text: string): string {
  return text.replace(special, (unit) => escape + unit.charCodeAt(0).toString(16).padStart(4, '0'));
}

/** The opposite of {@link toStoredText}. */
export function fromStoredText(stored: string): string {
  return stored.replace(escaped, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

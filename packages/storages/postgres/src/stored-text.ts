const escape = '\u0010';
const special = new RegExp(`[\0${escape}\\p{Cs}]`, 'gu');
const escaped = new RegExp(`${escape}([0-9a-f]{4})`, 'g');

/**
 * A text as it stands in the database, which keeps neither a zero character nor half a surrogate pair: such are
 * written as an escape, so that two different keys never become one.
 */
export function toStoredText(text: string): string {
  return text.replace(special, (unit) => escape + unit.charCodeAt(0).toString(16).padStart(4, '0'));
}

/** The opposite of {@link toStoredText}. */
export function fromStoredText(stored: string): string {
  return stored.replace(escaped, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

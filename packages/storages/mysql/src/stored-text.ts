const escape = '\u0010';
const special = new RegExp(`[${escape}\\p{Cs}]`, 'gu');
const escaped = new RegExp(`${escape}([0-9a-f]{4})`, 'g');

/**
 * A text as it stands in the tables: the bytes of its UTF-8, so that no collation takes two keys for one. UTF-8 cannot
 * say half a surrogate pair; such halves are written as an escape.
 */
export function toStoredText(text: string): Buffer {
  return Buffer.from(
    text.replace(special, (unit) => escape + unit.charCodeAt(0).toString(16).padStart(4, '0')),
    'utf8',
  );
}

/** The opposite of {@link toStoredText}. */
export function fromStoredText(stored: Buffer): string {
  return stored
    .toString('utf8')
    .replace(escaped, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

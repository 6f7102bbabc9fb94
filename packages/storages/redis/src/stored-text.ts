const escape = '\u0010';
const special = /[\p{Cc}\p{Cs}]/gu;
/** Finds what may be special without looking at pairs, which is fast. */
const suspicious = /[^ -~\u00a0-\ud7ff\ue000-\uffff]/;
const escaped = new RegExp(`${escape}([0-9a-f]{4})`, 'g');

/**
 * A lock key as it stands in the name of a Redis key. UTF-8 cannot keep half a surrogate pair, so two different keys
 * could become one; control characters and such halves are written as an escape.
 */
export function toStoredText(text: string): string {
  if (!suspicious.test(text)) return text;
  return text.replace(special, (unit) => escape + unit.charCodeAt(0).toString(16).padStart(4, '0'));
}

/** The opposite of {@link toStoredText}. */
export function fromStoredText(stored: string): string {
  return stored.replace(escaped, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

const unsafe = /[^\w.:-]/g;
const safe = /^[\w.:-]+$/;

/** A lease id as it stands in a record: one word, whatever it is made of. */
export function toWord(id: string): string {
  if (safe.test(id)) return id;
  return id === '' ? '%' : id.replace(unsafe, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The opposite of {@link toWord}. */
export function fromWord(word: string): string {
  if (!word.includes('%')) return word;
  return word === '%'
    ? ''
    : word.replace(/%([0-9a-f]{4})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

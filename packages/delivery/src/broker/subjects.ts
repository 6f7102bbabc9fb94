/** Longer than any subject that people read. */
const longest = 255;
const plain = /^[\w-]+(?:\.[\w-]+)*$/;
const pattern = /^(?:[\w-]+|\*)(?:\.(?:[\w-]+|\*))*(?:\.>)?$/;

/** True for a subject that can be published to. */
export function isSubject(subject: unknown): subject is string {
  return typeof subject === 'string' && subject.length <= longest && plain.test(subject);
}

/** True for a subject, or a pattern of them, that can be subscribed to. */
export function isSubjectPattern(subject: unknown): subject is string {
  return typeof subject === 'string' && subject.length <= longest && (subject === '>' || pattern.test(subject));
}

/** Tells whether a subject fits a pattern: `*` is one word, `>` at the end one or more. */
export function subjectMatcher(wanted: string): (subject: string) => boolean {
  if (!/[*>]/.test(wanted)) return (subject) => subject === wanted;
  const words = wanted.split('.');
  const rest = words.at(-1) === '>';
  const fixed = rest ? words.slice(0, -1) : words;
  return (subject) => {
    const given = subject.split('.');
    if (rest ? given.length <= fixed.length : given.length !== fixed.length) return false;
    return fixed.every((word, at) => word === '*' || word === given[at]);
  };
}

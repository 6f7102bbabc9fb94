const special = /[^-_/a-zA-Z0-9]/g;
const escaped = /=([0-9a-f]{4})/g;
const lockPart = 'lock.';
const noKey = '=';

/** The name of a lock in the bucket. What a subject cannot have is written as `=` and the four hex digits of its code unit. */
export function nameOf(key: string): string {
  if (key === '') return lockPart + noKey;
  return lockPart + key.replace(special, (unit) => `=${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The opposite of {@link nameOf}; undefined for what is not a lock's name. */
export function keyOf(name: string): string | undefined {
  if (!name.startsWith(lockPart)) return undefined;
  if (name === lockPart + noKey) return '';
  const key = name
    .slice(lockPart.length)
    .replace(escaped, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  return nameOf(key) === name ? key : undefined;
}

/** All names of locks. */
export const allLocks: string = `${lockPart}>`;

/** What is written to learn the server's time. */
export const clockName = 'clock';

/** The subject under which a bucket keeps a name. */
export function subjectOf(bucket: string, name: string): string {
  return `$KV.${bucket}.${name}`;
}

/** The stream behind a bucket. */
export function streamOf(bucket: string): string {
  return `KV_${bucket}`;
}

/** Where an instance hears what becomes of its leases. */
export function newsSubjectOf(bucket: string, instance: string): string {
  return `lockscope.${bucket}.news.${instance}`;
}

import { stableStringify } from './stable-json.ts';

/** Whether two events say the same. What cannot be written is the same only as itself. */
export function sameEvent(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  try {
    return stableStringify(a) === stableStringify(b);
  } catch {
    return false;
  }
}

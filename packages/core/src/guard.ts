import { isObject } from './is-object.ts';

/** @internal Calls somebody who may throw, or give a promise that rejects: both go to `failed`, and nowhere else. */
export function guard(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const given = call();
    if (isObject(given)) void Promise.resolve(given).then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}

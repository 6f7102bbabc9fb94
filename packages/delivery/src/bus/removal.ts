import type { Removal } from '@lockscope/core';

/** A way out that works once. */
export function removal(leave: () => void): Removal {
  let left = false;
  const once = (): void => {
    if (left) return;
    left = true;
    leave();
  };
  return Object.assign(once, { [Symbol.dispose]: once });
}

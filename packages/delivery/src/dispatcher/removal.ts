import type { Removal } from '@lockscope/core';

/** A way out that works once. */
export function removal(remove: () => void): Removal {
  let left = false;
  const leave = (): void => {
    if (left) return;
    left = true;
    remove();
  };
  return Object.assign(leave, { [Symbol.dispose]: leave });
}

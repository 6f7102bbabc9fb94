/**
 * @internal Of steps that one event may repeat for ever, the first 32 are told, then the 64th, the 128th, … so that an
 * event stays small however long it lasts.
 */
export function isTold(count: number): boolean {
  return count <= 32 || (count & (count - 1)) === 0;
}

/** How many more series there may be of a kind. What finds no room is counted as folded. */
export class Room {
  readonly #onFold: () => void;
  #left: number;

  constructor(size: number, onFold: () => void) {
    this.#left = size;
    this.#onFold = onFold;
  }

  /** True while there is room for one more; counts the observation as folded when there is none. */
  take(): boolean {
    if (this.#left > 0) {
      this.#left -= 1;
      return true;
    }
    this.#onFold();
    return false;
  }
}

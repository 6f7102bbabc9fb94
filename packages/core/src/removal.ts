/** The way out of something that was joined: call it, or use it with `using`. */
export interface Removal {
  (): void;
  [Symbol.dispose](): void;
}

/** So long is the text of a call site at most, in characters. */
const maxLength = 4000;
/** Where this package itself is. */
const own: string = new URL('.', import.meta.url).href;

/** @internal The stack of who called, kept as it is until somebody wants to read it: that is what is dear. */
export class CallSite {
  declare readonly stack: string;

  /** `entry`: the function that was called; it and what it called are left out. */
  constructor(entry: (...args: never[]) => unknown) {
    Error.captureStackTrace(this, entry);
  }

  /** One line for each caller, the nearest first; none of them of this package. */
  text(): string {
    const [, ...frames] = String(this.stack).split('\n');
    const first = frames.findIndex((frame) => !frame.includes(own));
    return frames
      .slice(Math.max(0, first))
      .map((frame) => frame.trim().replace(/^at /, ''))
      .join('\n')
      .slice(0, maxLength);
  }
}

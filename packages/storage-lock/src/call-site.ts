import { fileURLToPath } from 'node:url';

/** So long is the text of a call site at most, in characters. */
const maxLength = 4000;
/** Where the files of this package are, as stacks name it; nowhere when they were bundled with others. */
const own: readonly string[] = ownFolder();

/** @internal The stack of who called, kept as it is until somebody wants to read it: that is what is dear. */
export class CallSite {
  declare readonly stack: unknown;

  constructor() {
    Error.captureStackTrace(this, CallSite);
  }

  /** One line for each caller, the nearest first, none of them of this package; undefined where there is no stack. */
  text(): string | undefined {
    if (typeof this.stack !== 'string') return undefined;
    const [, ...frames] = this.stack.split('\n');
    const first = frames.findIndex((frame) => !own.some((folder) => frame.includes(folder)));
    const lines = frames.slice(Math.max(0, first)).map((frame) => frame.trim().replace(/^at /, ''));
    return lines.length === 0 ? undefined : lines.join('\n').slice(0, maxLength);
  }
}

function ownFolder(): readonly string[] {
  if (!/^file:.*\/call-site\.[jt]s$/.test(import.meta.url)) return [];
  const folder = new URL('.', import.meta.url);
  return [folder.href, fileURLToPath(folder)];
}

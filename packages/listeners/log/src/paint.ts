import type { LogLevel } from './log-options.ts';

/** What a piece of text is, and so how it looks on a terminal. */
export type Ink = 'faint' | 'bold' | 'step' | LogLevel;

/** Colours text, or leaves it as it is. */
export type Paint = (ink: Ink, text: string) => string;

const codes: Readonly<Record<Ink, readonly [open: number, close: number]>> = {
  faint: [2, 22],
  bold: [1, 22],
  step: [36, 39],
  debug: [32, 39],
  info: [32, 39],
  warn: [33, 39],
  error: [31, 39],
};

/** The paint for a stream with colours, or without. */
export function paintFor(colors: boolean): Paint {
  if (!colors) return (_, text) => text;
  return (ink, text) => (text === '' ? '' : `\u001b[${codes[ink][0]}m${text}\u001b[${codes[ink][1]}m`);
}

import type { LossView, NoteView, SpanView, View } from './view.ts';

/** How much of the past is on the timeline. */
export const windowMs = 60_000;
/** What is shown as now lies a little back, so that what has just ended has been heard of. */
const delayMs = 400;
/** When nothing is heard for so long, time stands still. */
const silenceMs = 4000;
const maxNotes = 200;
const maxLosses = 100;

/** What the page knows: the last view, and what earlier ones said that still counts. */
export class Picture {
  view: View | undefined;
  readonly #spans = new Map<string, Map<number, SpanView>>();
  losses: readonly LossView[] = [];
  notes: readonly NoteView[] = [];
  #heardAt = 0;

  /** Takes in what the console said. */
  hear(view: View): void {
    if (view.full) {
      this.#spans.clear();
      this.losses = [];
      this.notes = [];
    }
    for (const span of view.spans) {
      const spans = this.#spans.get(span.key) ?? new Map<number, SpanView>();
      this.#spans.set(span.key, spans.set(span.id, span));
    }
    this.losses = [...this.losses, ...view.losses].slice(-maxLosses);
    if (view.notes.length > 0) {
      const notes = [...this.notes, ...view.notes];
      const usual = notes.filter(({ notable }) => !notable).slice(-maxNotes);
      const notable = notes.filter((note) => note.notable).slice(-maxNotes);
      this.notes = [...usual, ...notable].toSorted((a, b) => a.id - b.id);
    }
    this.view = view;
    this.#heardAt = performance.now();
    this.#forget(view.now - windowMs - delayMs);
  }

  /** The console's clock. */
  get now(): number {
    const sinceMs = Math.min(silenceMs, performance.now() - this.#heardAt);
    return (this.view?.now ?? 0) + sinceMs;
  }

  /** The right end of the timeline. */
  get edge(): number {
    return this.now - delayMs;
  }

  /** False when nothing was heard for some time. */
  get live(): boolean {
    return this.view !== undefined && performance.now() - this.#heardAt < silenceMs;
  }

  spansOf(key: string): ReadonlyMap<number, SpanView> {
    return this.#spans.get(key) ?? none;
  }

  /** Which colour a process has; undefined when it is not known. */
  colourOf(process: string | undefined): number | undefined {
    return this.view?.processes.find(({ name }) => name === process)?.colour;
  }

  #forget(horizon: number): void {
    for (const [key, spans] of this.#spans) {
      for (const [id, { to }] of spans) if (to !== undefined && to < horizon) spans.delete(id);
      if (spans.size === 0) this.#spans.delete(key);
    }
  }
}

const none: ReadonlyMap<number, SpanView> = new Map();

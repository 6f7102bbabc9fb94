import { limits } from './limits.ts';
import { News } from './news.ts';
import type { LossView, NoteView, PastWait } from './page/view.ts';
import { Rate } from './rate.ts';

/** What happened, in lines and in counts, and the revision that says how new each thing is. */
export class Chronicle {
  readonly counts = {
    acquires: 0,
    contended: 0,
    gaveUp: 0,
    losses: 0,
    takeOvers: 0,
    events: 0,
    malformed: 0,
    missed: 0,
    notShown: 0,
  };
  readonly rate: Rate = new Rate();
  longestWaitEver: PastWait | undefined = undefined;
  /** Rises with every change. */
  revision = 0;
  readonly #usual = new News<NoteView>(limits.notes);
  readonly #notable = new News<NoteView>(limits.notes);
  readonly #losses = new News<LossView>(limits.losses);
  #ids = 0;

  nextId(): number {
    return (this.#ids += 1);
  }

  /** The revision of a change that is being made. */
  stamp(): number {
    return (this.revision += 1);
  }

  note(kind: NoteView['kind'], facts: Omit<NoteView, 'id' | 'kind'>): void {
    (facts.notable ? this.#notable : this.#usual).add({ id: this.nextId(), kind, ...facts }, this.stamp());
  }

  lost(loss: Omit<LossView, 'id'>): void {
    this.counts.losses += 1;
    this.#losses.add({ id: this.nextId(), ...loss }, this.stamp());
  }

  notesSince(revision: number): NoteView[] {
    return [...this.#notable.since(revision), ...this.#usual.since(revision)].toSorted((a, b) => a.id - b.id);
  }

  lossesSince(revision: number): LossView[] {
    return this.#losses.since(revision);
  }
}

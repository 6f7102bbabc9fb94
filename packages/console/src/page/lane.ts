import { svg } from './dom.ts';
import { windowMs, type Picture } from './picture.ts';
import type { HoldView, SpanView, WaitView } from './view.ts';

const laneHeight = 48;
const hold = { y: 3, height: 16 };
const wait = { y: 21, height: 6, step: 7, tracks: 3 };
/** Beyond the right edge of any screen: what still lasts is cut off there. */
const endless = 100_000;
const minWidth = 1.5;
/** Between two bars that follow each other. */
const gap = 0.7;
const letter = 6.2;

interface Drawn {
  readonly span: SpanView;
  readonly group: SVGGElement;
  readonly track: number;
}

/**
 * The last minute of one lock as bars on a strip that moves to the left. A bar is drawn when it is heard of and again
 * when it changes; in between only the strip moves.
 */
export class LaneStrip {
  readonly element: SVGSVGElement;
  readonly #drawn = new Map<number, Drawn>();
  #base = 0;
  #width = 0;

  constructor() {
    this.element = svg('svg', { class: 'strip', 'aria-hidden': 'true', height: laneHeight });
  }

  /** The bar of an element of this strip. */
  spanAt(target: Element): SpanView | undefined {
    const id = target.closest('[data-span]')?.getAttribute('data-span');
    return this.#drawn.get(Number(id))?.span;
  }

  draw(picture: Picture, key: string, width: number): void {
    const { edge } = picture;
    // Coordinates stay small: once a minute, and when the window changes, everything is drawn anew.
    if (width !== this.#width || edge - this.#base > windowMs) this.#restart(edge, width);
    const spans = picture.spansOf(key);
    for (const [id, { group }] of this.#drawn) {
      if (spans.has(id)) continue;
      group.remove();
      this.#drawn.delete(id);
    }
    for (const span of spans.values()) if (this.#drawn.get(span.id)?.span !== span) this.#drawSpan(span, picture);
    this.#label(edge);
    this.element.style.transform = `translateX(${(width - this.#x(edge)).toFixed(2)}px)`;
  }

  #restart(edge: number, width: number): void {
    this.#base = edge;
    this.#width = width;
    for (const { group } of this.#drawn.values()) group.remove();
    this.#drawn.clear();
    this.element.setAttribute('width', String(2 * width));
    // The jump to the new coordinates is not to be seen.
    this.element.classList.add('jumps');
    requestAnimationFrame(() => requestAnimationFrame(() => this.element.classList.remove('jumps')));
  }

  #drawSpan(span: SpanView, picture: Picture): void {
    const before = this.#drawn.get(span.id);
    before?.group.remove();
    const group = svg('g', { 'data-span': span.id });
    const track = span.kind === 'hold' ? 0 : (before?.track ?? this.#freeTrack(span));
    if (span.kind === 'hold') this.#drawHold(group, span, picture);
    else this.#drawWait(group, span, track, picture);
    this.#drawn.set(span.id, { span, group, track });
    this.element.append(group);
  }

  #drawHold(group: SVGGElement, span: HoldView, picture: Picture): void {
    const colour = picture.colourOf(span.process);
    const { from, goneAt, overFrom, to } = span;
    const name = `c${colour ?? 'x'}`;
    group.append(this.#rect(`bar ${name}`, from, goneAt ?? overFrom ?? to, hold.y, hold.height));
    if (goneAt !== undefined) group.append(this.#rect(`orphan ${name}`, goneAt, to, hold.y + 0.5, hold.height - 1));
    if (overFrom !== undefined) group.append(this.#rect('over', overFrom, to, hold.y, hold.height));
    if (span.end !== 'lost' || to === undefined) return;
    const x = this.#x(to);
    const cross = `M${x - 3.5} ${hold.y + 4}l7 7m0 -7l-7 7`;
    group.append(svg('path', { class: 'cross-rim', d: cross }), svg('path', { class: 'cross', d: cross }));
  }

  #drawWait(group: SVGGElement, span: WaitView, track: number, picture: Picture): void {
    const y = wait.y + track * wait.step;
    span.blockers.forEach(({ process, at }, index) => {
      const from = index === 0 ? span.from : at;
      const until = span.blockers[index + 1]?.at ?? span.to;
      const rect = this.#rect('wait', from, until, y, wait.height);
      rect.setAttribute('fill', `url(#hatch-${picture.colourOf(process) ?? 'x'})`);
      group.append(rect);
    });
    const cap = this.#rect(`cap c${picture.colourOf(span.process) ?? 'x'}`, span.from, span.from, y, wait.height);
    cap.setAttribute('width', '2.5');
    group.append(cap);
  }

  #rect(name: string, from: number, to: number | undefined, y: number, height: number): SVGRectElement {
    const x = this.#x(from);
    const width = to === undefined ? endless : Math.max(minWidth, this.#x(to) - x - gap);
    return svg('rect', { class: name, x: x.toFixed(2), y, width: width.toFixed(2), height, rx: 1.5 });
  }

  /** The first track on which no other wait is in the way; the last one when there is none. */
  #freeTrack({ from, to }: WaitView): number {
    const taken = new Set<number>();
    for (const { span: other, track } of this.#drawn.values()) {
      if (other.kind !== 'wait') continue;
      if ((other.to ?? Infinity) > from && other.from < (to ?? Infinity)) taken.add(track);
    }
    const tracks = Array.from({ length: wait.tracks }, (_, track) => track);
    return tracks.find((track) => !taken.has(track)) ?? wait.tracks - 1;
  }

  /** Names on the bars that have become wide enough for them. */
  #label(edge: number): void {
    for (const { span, group } of this.#drawn.values()) {
      if (span.kind === 'wait' || group.lastElementChild?.tagName === 'text') continue;
      const room = this.#x(span.goneAt ?? span.overFrom ?? span.to ?? edge) - this.#x(span.from);
      if (room < span.process.length * letter + 10) continue;
      const label = svg('text', { x: (this.#x(span.from) + 5).toFixed(2), y: hold.y + 11, class: 'name' });
      label.textContent = span.process;
      group.append(label);
    }
  }

  #x(at: number): number {
    return ((at - this.#base) * this.#width) / windowMs + this.#width;
  }
}

import { timeOfDay } from './clock.ts';
import { el, resize, setClass, setText } from './dom.ts';
import { duration } from './duration.ts';
import { LaneStrip } from './lane.ts';
import type { Picture } from './picture.ts';
import { Tip } from './tip.ts';
import type { LockView } from './view.ts';
import { laneWords, leaseWords, spanWords } from './words.ts';

const shownWaiters = 4;
const shownRecent = 12;

/** The list of locks: for each who holds it, who waits, and its last minute. */
export class LockList {
  readonly #list: HTMLElement;
  readonly #rows = new Map<string, LockRow>();
  readonly #tip = new Tip();

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  draw(picture: Picture): void {
    const locks = picture.view?.locks ?? [];
    const keys = new Set(locks.map(({ key }) => key));
    for (const [key, row] of this.#rows) {
      if (keys.has(key)) continue;
      row.element.remove();
      this.#rows.delete(key);
    }
    locks.forEach((lock, index) => {
      const row = this.#rows.get(lock.key) ?? this.#make(lock.key, picture);
      if (this.#list.children[index] !== row.element)
        this.#list.insertBefore(row.element, this.#list.children[index] ?? null);
      row.draw(lock, picture);
    });
  }

  #make(key: string, picture: Picture): LockRow {
    const row = new LockRow(key);
    this.#rows.set(key, row);
    this.#tip.watch(row.track, (target) => {
      const span = row.strip.spanAt(target);
      return span && spanWords(span, picture.edge);
    });
    return row;
  }
}

class LockRow {
  readonly element: HTMLElement;
  readonly strip = new LaneStrip();
  readonly track = el('div', { class: 'track', role: 'img' }, [this.strip.element]);
  readonly #key: string;
  readonly #button: HTMLButtonElement;
  readonly #name = el('small');
  readonly #holder = new Person();
  readonly #time = el('span', { class: 'time' });
  readonly #aside = el('span', { class: 'aside' });
  readonly #believers = el('p', { class: 'believers', hidden: '' });
  readonly #waiters = el('p', { class: 'waiters' });
  readonly #recent = el('ol', { class: 'recent', hidden: '' });

  constructor(key: string) {
    this.#key = key;
    this.#button = el('button', { type: 'button', 'aria-expanded': 'false', title: 'What it did lately' }, [key]);
    this.#button.addEventListener('click', () => this.#toggle());
    const holder = el('p', { class: 'holder' }, [this.#holder.element, this.#time, this.#aside]);
    this.element = el('li', { class: 'lock', 'data-key': key }, [
      el('h3', {}, [this.#button, this.#name]),
      el('div', { class: 'now' }, [holder, this.#believers, this.#waiters]),
      this.track,
      this.#recent,
    ]);
  }

  draw(lock: LockView, picture: Picture): void {
    const { now } = picture;
    const { holder } = lock;
    const lease = leaseWords(lock, now);
    setText(this.#name, lock.name === lock.key ? '' : lock.name);
    if (holder === undefined) this.#holder.draw('free', undefined, '', true);
    else this.#holder.draw(holder.process, picture.colourOf(holder.process), holder.operation ?? '');
    setText(this.#time, holder === undefined ? '' : duration(now - holder.since));
    setText(this.#aside, lease.text);
    setClass(this.element, lease.alarm ? 'lock alarm' : 'lock');
    this.#drawBelievers(lock);
    this.#drawWaiters(lock, picture);
    const width = this.track.clientWidth;
    if (width > 0) this.strip.draw(picture, this.#key, width);
    this.track.setAttribute('aria-label', laneWords(this.#key, picture.spansOf(this.#key).values(), now));
    if (!this.#recent.hidden) this.#drawRecent(picture);
  }

  #drawBelievers({ believers }: LockView): void {
    this.#believers.hidden = believers.length === 0;
    const names = believers.map(({ process, token }) =>
      token === undefined ? process : `${process} (token ${token})`,
    );
    setText(this.#believers, names.length === 0 ? '' : `${names.join(', ')} still believes to have it`);
  }

  #drawWaiters({ waiters, waiting }: LockView, picture: Picture): void {
    const shown = waiters.slice(0, shownWaiters);
    const hidden = waiting - shown.length;
    resize(this.#waiters, shown.length + (hidden > 0 ? 1 : 0), () => el('span', { class: 'waiter' }));
    shown.forEach((waiter, index) => {
      const slot = this.#waiters.children[index] as Element;
      if (slot.children.length !== 2) slot.replaceChildren(el('span'), el('span', { class: 'time' }));
      const [who, time] = slot.children as unknown as [Element, Element];
      setClass(who, `who c${picture.colourOf(waiter.process) ?? 'x'}`);
      setText(who, waiter.process);
      setText(time, duration(picture.now - waiter.since));
    });
    const last = this.#waiters.children[shown.length];
    if (last !== undefined) last.replaceChildren(`and ${hidden} more`);
    this.#waiters.dataset['waiting'] = String(waiting);
  }

  #toggle(): void {
    const open = this.#recent.hidden;
    this.#recent.hidden = !open;
    this.#button.setAttribute('aria-expanded', String(open));
  }

  #drawRecent(picture: Picture): void {
    const spans = [...picture.spansOf(this.#key).values()].slice(-shownRecent).toReversed();
    resize(this.#recent, spans.length, () => el('li'));
    spans.forEach((span, index) => {
      const text = `${timeOfDay(span.from)}  ${spanWords(span, picture.edge)}`;
      setText(this.#recent.children[index] as Element, text);
    });
  }
}

/** A process in its colour, and what it does. */
class Person {
  readonly #who = el('span', { class: 'who' });
  readonly #what = el('span', { class: 'what' });
  readonly element = el('span', { class: 'person' }, [this.#who, this.#what]);

  draw(name: string, colour: number | undefined, operation: string, nobody = false): void {
    setClass(this.#who, nobody ? 'nobody' : `who c${colour ?? 'x'}`);
    setText(this.#who, name);
    setText(this.#what, operation === name ? '' : operation);
  }
}

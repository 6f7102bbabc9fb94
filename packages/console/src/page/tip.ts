import { el, setText } from './dom.ts';

/** A sentence beside the pointer about what it points at. The same is in the list below a lock, for the keyboard. */
export class Tip {
  readonly #element = el('div', { class: 'tip', 'aria-hidden': 'true', hidden: '' });

  constructor() {
    document.body.append(this.#element);
  }

  watch(area: Element, words: (target: Element) => string | undefined): void {
    const move = (event: Event): void => {
      const { target, clientX, clientY } = event as PointerEvent;
      const text = target instanceof Element ? words(target) : undefined;
      this.#element.hidden = text === undefined;
      if (text === undefined) return;
      setText(this.#element, text);
      const { offsetWidth, style } = this.#element;
      style.left = `${Math.max(8, Math.min(clientX - offsetWidth / 2, innerWidth - offsetWidth - 8))}px`;
      style.top = `${clientY + 18}px`;
    };
    area.addEventListener('pointermove', move);
    area.addEventListener('pointerleave', () => {
      this.#element.hidden = true;
    });
  }
}

import { timeOfDay } from './clock.ts';
import { byId, el, setText } from './dom.ts';
import type { Picture } from './picture.ts';
import type { LossView, NoteView } from './view.ts';

const losses = byId('losses');
const notes = byId('notes');
const everything = byId('everything') as HTMLInputElement;

let drawnLosses: readonly LossView[] = [];
let drawnNotes: readonly NoteView[] = [];
let drewEverything = false;

/** The losses and what happened, newest first. Lines that stand are not touched. */
export function drawLists(picture: Picture): void {
  if (picture.losses !== drawnLosses) {
    drawnLosses = picture.losses;
    setText(byId('no-losses'), drawnLosses.length === 0 ? 'None so far.' : '');
    prepend(losses, drawnLosses.toReversed(), (loss) => lossLine(loss, picture));
  }
  if (picture.notes === drawnNotes && drewEverything === everything.checked) return;
  drawnNotes = picture.notes;
  drewEverything = everything.checked;
  const shown = drewEverything ? drawnNotes.slice(-200) : drawnNotes.filter(({ notable }) => notable);
  prepend(notes, shown.toReversed(), (note) => noteLine(note, picture));
}

/** Makes the children those items, keeping the elements of items that are there already. */
function prepend<Item extends { readonly id: number }>(
  list: HTMLElement,
  items: readonly Item[],
  make: (item: Item) => HTMLElement,
): void {
  const wanted = new Set(items.map(({ id }) => String(id)));
  const there = new Map<string, Element>();
  for (const child of Array.from(list.children)) {
    const id = child.getAttribute('data-id') ?? '';
    if (wanted.has(id)) there.set(id, child);
    else child.remove();
  }
  items.forEach((item, index) => {
    const id = String(item.id);
    const element = there.get(id) ?? make(item);
    element.setAttribute('data-id', id);
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
}

function lossLine(loss: LossView, picture: Picture): HTMLElement {
  const { at, process, key, token, reason, meaning, evidence } = loss;
  const tokenText = token === undefined ? '' : ` (token ${token})`;
  return el('li', {}, [
    el('p', {}, [
      time(at),
      who(process, picture),
      ' lost ',
      el('strong', {}, [key]),
      tokenText,
      ' ',
      el('span', { class: 'reason' }, [reason]),
    ]),
    el('p', { class: 'meaning' }, [`${meaning.charAt(0).toUpperCase()}${meaning.slice(1)}.`]),
    el(
      'ul',
      { class: 'evidence' },
      evidence.map((sentence) => el('li', {}, [sentence])),
    ),
  ]);
}

function noteLine({ at, kind, process, key, text }: NoteView, picture: Picture): HTMLElement {
  const about = key === undefined ? [] : [el('span', { class: 'key' }, [key])];
  return el('li', { class: `note ${kind}` }, [
    time(at),
    who(process, picture),
    ...about,
    el('span', { class: 'text' }, [text]),
  ]);
}

function who(process: string, picture: Picture): HTMLElement {
  return el('span', { class: `who c${picture.colourOf(process) ?? 'x'}` }, [process]);
}

function time(at: number): HTMLElement {
  return el('time', { datetime: new Date(at).toISOString() }, [timeOfDay(at)]);
}

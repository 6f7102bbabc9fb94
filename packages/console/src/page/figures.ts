import { byId, el, resize, setClass, setText } from './dom.ts';
import { duration } from './duration.ts';
import type { Picture } from './picture.ts';
import type { Totals } from './view.ts';

/** How long a process that is gone stays in the list of processes. */
const goneShownMs = 15_000;
const processes = byId('processes');
const footer = byId('counts');

/** The numbers on top, the processes below them, the small print at the end. */
export function drawFigures(picture: Picture): void {
  const { view, now } = picture;
  if (view === undefined) return;
  const { totals } = view;
  const { longestWait: longest } = totals;
  setText(byId('held'), String(totals.held));
  setText(byId('waiting'), String(totals.waiting));
  setText(byId('rate'), totals.acquiresPerSecond.toFixed(totals.acquiresPerSecond < 9.95 ? 1 : 0));
  setText(byId('losses-count'), String(totals.losses));
  setText(byId('losses-more'), totals.takeOvers === 0 ? '' : `${totals.takeOvers} taken over`);
  setClass(byId('losses-figure'), totals.losses > 0 ? 'figure alarm' : 'figure');
  setText(byId('longest'), longest === undefined ? 'none' : duration(now - longest.since));
  const blocked = longest?.blocker === undefined ? '' : ` by ${longest.blocker.label}`;
  setText(
    byId('longest-more'),
    longest === undefined ? '' : `${longest.process} for ${longest.key}, blocked${blocked}`,
  );
  drawProcesses(picture);
  setText(footer, smallPrint(totals));
}

function drawProcesses({ view, now }: Picture): void {
  const known = (view?.processes ?? []).filter(({ goneAt }) => goneAt === undefined || now - goneAt < goneShownMs);
  resize(processes, known.length, () => el('li', {}, [el('span'), el('small')]));
  known.forEach(({ name, colour, pid, about, gone }, index) => {
    const item = processes.children[index] as HTMLElement;
    const [who, more] = item.children as unknown as [Element, Element];
    setClass(who, gone === undefined ? `who c${colour}` : `who c${colour} gone`);
    setText(who, name);
    setText(more, gone ?? '');
    const title = [about, pid === undefined ? undefined : `process ${pid}`, gone].filter(Boolean).join(', ');
    if (item.title !== title) item.title = title;
  });
}

function count(value: number): string {
  return value.toLocaleString('en');
}

function smallPrint({ events, malformed, missed, notShown, acquires, contended, gaveUp }: Totals): string {
  const facts = [
    `${count(acquires)} acquires, ${count(contended)} of them after waiting, ${count(gaveUp)} given up`,
    `${count(events)} messages`,
    `${count(missed)} lost on the way`,
    `${count(malformed)} not understood`,
    `${count(notShown)} not shown`,
  ];
  return facts.join(' · ');
}

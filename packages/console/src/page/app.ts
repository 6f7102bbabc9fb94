import { byId, el, setClass, setText, svg } from './dom.ts';
import { drawFigures } from './figures.ts';
import { drawLists } from './lists.ts';
import { LockList } from './locks.ts';
import { Picture } from './picture.ts';
import type { View } from './view.ts';

const colours = 10;
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const picture = new Picture();
const locks = new LockList(byId('lock-list'));
const pause = byId('pause');
let paused = false;

byId('patterns').append(...['x', ...Array.from({ length: colours }, (_, colour) => String(colour))].map(hatch));
connect();
draw();

pause.addEventListener('click', () => {
  paused = !paused;
  pause.setAttribute('aria-pressed', String(paused));
  setText(pause, paused ? 'Go on' : 'Pause');
  drawConnection();
});

function connect(): void {
  const stream = new EventSource('/stream');
  stream.addEventListener('view', (message) => {
    picture.hear(JSON.parse(message.data as string) as View);
  });
}

/** Four times a second: what is between two pictures is a transition of the style sheet. */
function draw(): void {
  setTimeout(draw, calm.matches ? 1000 : 250);
  if (!paused) drawConnection();
  if (paused || document.hidden || picture.view === undefined) return;
  const { title, links } = picture.view;
  setText(byId('title'), title);
  if (document.title !== title) document.title = title;
  drawLinks(links);
  drawFigures(picture);
  locks.draw(picture);
  drawLists(picture);
  byId('empty').hidden = picture.view.locks.length > 0;
}

function drawConnection(): void {
  const state = paused ? 'paused' : picture.live ? 'live' : 'no connection';
  setText(byId('connection'), state);
  setClass(byId('connection'), state.replace(' ', '-'));
}

function drawLinks(links: View['links']): void {
  const nav = byId('links');
  if (nav.children.length === links.length) return;
  nav.replaceChildren(...links.map(({ path, label }) => el('a', { href: path }, [label])));
}

/** The pattern of waits for somebody of that colour. */
function hatch(colour: string): SVGPatternElement {
  const size = { width: 5, height: 5, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' };
  const pattern = svg('pattern', { id: `hatch-${colour}`, ...size });
  pattern.append(
    svg('rect', { width: 5, height: 5, class: `hatch-ground c${colour}` }),
    svg('rect', { width: 2.2, height: 5, class: `hatch-line c${colour}` }),
  );
  return pattern;
}

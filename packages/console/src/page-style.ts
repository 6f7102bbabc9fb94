const light = [
  '#2f6db5',
  '#a85a12',
  '#2a7d4f',
  '#8a4fb0',
  '#17767f',
  '#6b6f1f',
  '#4b55b8',
  '#a0457e',
  '#7d5a3c',
  '#56617a',
];
const dark = [
  '#7fb0ea',
  '#e3a05c',
  '#7cc79a',
  '#c79be6',
  '#6fc7cf',
  '#c2c46a',
  '#a3abf2',
  '#e396c4',
  '#cda98a',
  '#a9b4cc',
];

const variables = (colours: readonly string[]): string => colours.map((value, at) => `--p${at}: ${value};`).join(' ');
const classes = light.map((_, at) => `.c${at} { --c: var(--p${at}); }`).join('\n');

export const pageStyle: string = `:root {
  color-scheme: light dark;
  --ground: #f7f7f4; --card: #fffffd; --line: #e3e3dc; --ink: #1d2024; --soft: #565b63; --faint: #6d727a;
  --alarm: #b3202a; --alarm-ground: #fbe9e8; --warn: #8a5a00; --on-bar: #ffffff; --px: #9a9ea5;
  ${variables(light)}
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14161a; --card: #1b1e23; --line: #2d3138; --ink: #e6e7ea; --soft: #a9aeb8; --faint: #868c97;
    --alarm: #ff8079; --alarm-ground: #3a1d1f; --warn: #e3b25c; --on-bar: #101216; --px: #6d737d;
    ${variables(dark)}
  }
}
* { box-sizing: border-box; }
.cx { --c: var(--px); }
${classes}
body {
  margin: 0 auto; padding: 0 1.5rem 2rem; max-width: 96rem; background: var(--ground); color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; font-variant-numeric: tabular-nums;
}
h1, h2, h3, p, ul, ol, dl, dd { margin: 0; padding: 0; font-weight: inherit; font-size: inherit; list-style: none; }
a { color: inherit; }
:focus-visible { outline: 2px solid var(--p0); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .3rem .6rem; z-index: 2; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.defs { position: absolute; }
[hidden] { display: none !important; }

header { display: flex; align-items: baseline; gap: 1rem; padding: 1rem 0 .9rem; }
h1 { font-size: 1.15rem; font-weight: 650; letter-spacing: -.01em; }
#connection { color: var(--soft); }
#connection::before { content: ''; display: inline-block; width: .5rem; height: .5rem; border-radius: 50%; background: var(--faint); margin-right: .4rem; }
#connection.live::before { background: var(--p2); }
#connection.no-connection { color: var(--alarm); }
#connection.no-connection::before { background: var(--alarm); }
#links { margin-left: auto; display: flex; gap: 1rem; }
#links a { color: var(--soft); text-underline-offset: .2em; }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--line); border-radius: 5px; padding: .15rem .7rem; cursor: pointer; }
button:hover { border-color: var(--faint); }

#figures { display: grid; grid-template-columns: 6rem 6rem 7.5rem minmax(0, 1fr) 13rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.figure { padding: .6rem 1rem .7rem; border-left: 1px solid var(--line); min-width: 0; }
.figure:first-child { border-left: 0; }
.figure dt { color: var(--soft); font-size: .8rem; }
.figure dd { font-size: 1.5rem; font-weight: 600; line-height: 1.25; letter-spacing: -.02em; display: inline; }
.figure dd.more { font-size: .85rem; font-weight: 400; color: var(--soft); letter-spacing: 0; margin-left: .5rem; }
.figure.alarm dd:not(.more) { color: var(--alarm); }
.figure.wide, #losses-figure { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }

.who { white-space: nowrap; font-weight: 600; }
.who::before { content: ''; display: inline-block; width: .62rem; height: .62rem; border-radius: 2.5px; background: var(--c); margin-right: .38rem; }
.who.gone { color: var(--faint); text-decoration: line-through; font-weight: 400; }
.who.gone::before { background: none; box-shadow: inset 0 0 0 1.5px var(--c); }
#processes { display: flex; flex-wrap: wrap; gap: .25rem 1.3rem; padding: .8rem 0 0; }
#processes small { color: var(--soft); margin-left: .4rem; }

h2 { font-weight: 650; font-size: .95rem; }
.heading { display: flex; align-items: baseline; gap: 1rem; }
#locks { margin-top: 1.3rem; outline-offset: 6px; }
#locks > .heading, .lock { display: grid; grid-template-columns: 8.5rem minmax(17rem, 24rem) minmax(0, 1fr); column-gap: 1rem; }
#locks > .heading { padding-left: 1rem; }
#locks > .heading h2 { margin-left: -1rem; }
.now-title, .axis { color: var(--faint); font-size: .78rem; }
.axis { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)) auto; margin-right: 1px; }
.axis span:last-child { width: 0; direction: rtl; white-space: nowrap; }
.axis span { padding-left: 1px; }
#lock-list { background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin-top: .4rem; overflow: hidden; }
.lock { padding: .3rem 0 .3rem 1rem; border-top: 1px solid var(--line); align-items: center; }
.lock:first-child { border-top: 0; }
.lock h3 { min-width: 0; }
.lock h3 button { border: 0; padding: 0; font-weight: 650; max-width: 100%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; text-align: left; display: block; }
.lock h3 button:hover { text-decoration: underline; text-underline-offset: .2em; }
.lock h3 small { color: var(--faint); display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.now { min-width: 0; }
.now p { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; min-height: 1.45em; }
.now .holder { display: flex; }
.person { display: flex; min-width: 6rem; overflow: hidden; }
.person .who, .holder .time { flex: none; }
.alarm .person { flex: none; min-width: 0; max-width: 60%; }
.nobody { color: var(--faint); }
.what { color: var(--soft); margin-left: .4rem; min-width: 0; overflow: hidden; text-overflow: ellipsis; }
.alarm .what { display: none; }
.now .time { color: var(--soft); margin-left: .5rem; }
.holder .time { color: var(--ink); }
.aside { color: var(--warn); margin-left: .6rem; min-width: 0; overflow: hidden; text-overflow: ellipsis; }
.alarm .aside, .now .believers { color: var(--alarm); }
.waiters { font-size: .88rem; padding-left: 1rem; }
.waiters .who { font-weight: 400; }
.waiter + .waiter { margin-left: .8rem; }
.waiter .time { margin-left: .3rem; }
.waiters:not([data-waiting='0'])::before { content: '\\2191'; color: var(--faint); margin: 0 .5rem 0 -1rem; }

.track { position: relative; height: 48px; overflow: hidden; align-self: center;
  background: linear-gradient(90deg, var(--line) 1px, transparent 1px) 0 0 / 25% 100%; }
.strip { position: absolute; left: 0; top: 0; overflow: visible; will-change: transform; transition: transform .25s linear; }
.strip.jumps { transition: none; }
.bar { fill: var(--c); }
.orphan { fill: none; stroke: var(--c); stroke-width: 1.2; stroke-dasharray: 3 2; pointer-events: all; }
.over { fill: var(--alarm); }
.cap { fill: var(--c); }
.name { fill: var(--on-bar); font-size: 10.5px; font-weight: 600; pointer-events: none; }
.cross, .cross-rim { fill: none; stroke: var(--alarm); stroke-width: 2; stroke-linecap: round; pointer-events: none; }
.cross-rim { stroke: var(--card); stroke-width: 5; }
.hatch-ground { fill: var(--c); opacity: .16; }
.hatch-line { fill: var(--c); opacity: .85; }
.recent { grid-column: 2 / -1; padding: .3rem 1rem .5rem 0; color: var(--soft); font-size: .88rem; white-space: pre-wrap; columns: 2 20rem; }
.tip { position: fixed; z-index: 3; max-width: 30rem; background: var(--ink); color: var(--ground); padding: .25rem .55rem; border-radius: 5px; font-size: .85rem; pointer-events: none; }
#empty { color: var(--soft); padding: 1rem 0; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; padding: .55rem 0 0; color: var(--soft); font-size: .8rem; }
.legend i { display: inline-block; width: 1.5rem; height: .6rem; border-radius: 2px; margin-right: .45rem; }
.key-hold { background: var(--p0); }
.key-wait { background: repeating-linear-gradient(135deg, var(--p0) 0 2px, transparent 2px 4.5px); }
.key-over { background: var(--alarm); }
.key-expired { border: 1.2px dashed var(--p0); }

.below { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 7fr); gap: 2rem; margin-top: 1.6rem; }
.below section { min-width: 0; }
.below .heading { justify-content: space-between; }
.below label, #no-losses { color: var(--soft); font-size: .88rem; }
#losses, #notes { max-height: 22rem; overflow-y: auto; margin-top: .4rem; }
#losses > li { background: var(--card); border: 1px solid var(--line); border-left: 3px solid var(--alarm); border-radius: 6px; padding: .4rem .7rem .5rem; margin-bottom: .4rem; }
#losses .reason { color: var(--alarm); background: var(--alarm-ground); border-radius: 3px; padding: 0 .35rem; font-size: .82rem; }
.evidence { display: flex; flex-wrap: wrap; gap: 0 1rem; color: var(--soft); font-size: .85rem; }
time { color: var(--faint); margin-right: .6rem; }
.note { display: grid; grid-template-columns: 4.4rem 7.2rem 7.2rem minmax(0, 1fr); column-gap: .6rem; padding: .12rem 0; font-size: .88rem; }
.note > * { min-width: 0; margin: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.note .text { white-space: normal; overflow-wrap: anywhere; }
.note .key { font-weight: 600; }
.note .text:nth-child(3) { grid-column: 3 / -1; }
.note.lost .text, .note.gave-up .text, .note.suspect .text { color: var(--alarm); }
.note.taken-over .text { color: var(--warn); }
.note.process { color: var(--soft); }
footer { color: var(--faint); font-size: .8rem; margin-top: 1.6rem; }

@media (max-width: 60rem) {
  body { padding: 0 1rem 1.5rem; }
  #figures { grid-template-columns: 1fr 1fr 1.4fr; }
  .figure.wide, #losses-figure { border-top: 1px solid var(--line); }
  .figure.wide { grid-column: span 2; border-left: 0; white-space: normal; }
  #locks > .heading, .lock { grid-template-columns: 9.5rem minmax(0, 1fr); }
  .now-title { display: none; }
  .axis { grid-column: 1 / -1; }
  .lock { padding-right: 1rem; row-gap: .2rem; }
  .track, .recent { grid-column: 1 / -1; }
  .track { width: calc(100% + 1rem); }
  .below { grid-template-columns: minmax(0, 1fr); }
}
@media (prefers-reduced-motion: reduce) { .strip { transition: none; } }
`;

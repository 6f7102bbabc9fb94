import { readFileSync, readdirSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { alerts, dashboards } from '../src/index.ts';

const folder = new URL('../runbooks/', import.meta.url);
const all = alerts().rules.map(({ alert }) => alert);

describe('the runbooks', () => {
  it('are there for every alert, and for nothing else', () => {
    expect(readdirSync(folder).toSorted()).toEqual(all.map((alert) => `${alert}.md`).toSorted());
  });

  it.each(alerts().rules.map((rule) => [rule.alert, rule] as const))('%s leads to its page', (alert, rule) => {
    expect(rule.annotations.runbook_url).toBe(`runbooks/${alert}.md`);
  });

  it.each(all)('that of %s says what it means, what to look at and what to do', (alert) => {
    const text = readFileSync(new URL(`${alert}.md`, folder), 'utf8');
    expect(text.match(/^#+ .*/gm)).toEqual([`# ${alert}`, '## What it means', '## What to look at', '## What to do']);
  });

  it.each(all)('that of %s names only panels and alerts that there are', (alert) => {
    const text = readFileSync(new URL(`${alert}.md`, folder), 'utf8');
    const boards = dashboards() as unknown as { title: string; panels: { title: string; type: string }[] }[];
    for (const [, board, panel = ''] of text.matchAll(/\*\*([A-Z][\w ]*) > ([^*]+)\*\*/g)) {
      const found = boards.find(({ title }) => title === `Locks / ${board}`);
      expect(
        found?.panels.filter(({ title }) => title.startsWith(panel)),
        `${board} > ${panel}`,
      ).not.toEqual([]);
    }
    for (const [, other = ''] of text.matchAll(/\*\*(Lock[A-Z]\w+)\*\*/g)) expect(all).toContain(other);
  });
});

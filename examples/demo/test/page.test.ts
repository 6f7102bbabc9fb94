import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { describeWith } from '../../../test/support/describe-with.ts';
import { DemoProcess } from './demo-process.ts';
import { openPage, type OpenPage } from './open-page.ts';

const timeout = 120_000;

describeWith('chromium', 'the page of the demo', ({ chromium: executablePath }) => {
  let demo: DemoProcess;
  let open: OpenPage;
  let page: Page;

  beforeAll(async () => {
    demo = new DemoProcess(['--no-open', '--port', '0']);
    await demo.atWork();
    open = await openPage(executablePath, demo.url);
    page = open.page;
  }, timeout);

  afterAll(async () => {
    await open?.browser.close();
    await demo?.dispose();
  }, timeout);

  it(
    'shows who holds a lock, what it does, and for how long',
    async () => {
      const row = page.locator('.lock[data-key="catalogue"]');
      await row.locator('.holder', { hasText: /reprice-1.*cron:reprice.*\d ?m?s/ }).waitFor();
      await page.locator('#connection.live').waitFor();
      expect(await page.locator('h1').textContent()).toBe('Lockscope demo');
      expect(await page.locator('.lock').count()).toBeGreaterThanOrEqual(7);
    },
    timeout,
  );

  it(
    'shows who waits for it, and who waits longest because of whom',
    async () => {
      await page.locator('.lock[data-key="catalogue"] .waiters', { hasText: /report-1\s*\d/ }).waitFor();
      await page.locator('#longest-more', { hasText: /\S+ for \S+, blocked by \S+/ }).waitFor();
    },
    timeout,
  );

  it(
    'draws possessions and waits in the colours of their processes',
    async () => {
      const lane = page.locator('.lock[data-key="catalogue"] .strip');
      await lane.locator('rect.bar').first().waitFor({ state: 'attached' });
      await lane.locator('rect.wait').first().waitFor({ state: 'attached' });
      const who = page.locator('#processes .who', { hasText: 'reprice-1' });
      const colour = (await who.getAttribute('class'))?.split(' ')[1] ?? '';
      const fills = '.lock[data-key="catalogue"] rect.bar';
      const style = (selector: string, of: string, property: string): Promise<string> =>
        page.evaluate<string>(
          `getComputedStyle(document.querySelector(${JSON.stringify(selector)}), ${of}).${property}`,
        );
      const name = await style(`#processes .who.${colour}`, "'::before'", 'backgroundColor');
      expect(name).toMatch(/^rgb/);
      expect(await style(`${fills}.${colour}`, 'null', 'fill')).toBe(name);
      expect(await lane.locator('rect.wait').first().getAttribute('fill')).toMatch(/^url\(#hatch-\d\)$/);
      const place = (): Promise<string | null> => lane.getAttribute('style');
      const before = await place();
      await expect.poll(place, { timeout: 30_000 }).not.toBe(before);
    },
    timeout,
  );

  it(
    'shows a loss with its evidence, in the list and on the timeline',
    async () => {
      const loss = page.locator('#losses > li').first();
      await loss.waitFor();
      expect(await loss.textContent()).toMatch(/stalling-1 lost inventory \(token \d+\) ?stalled/);
      expect(await loss.locator('.evidence').textContent()).toMatch(/event loop late by \d/);
      await page.locator('.lock[data-key="inventory"] rect.over').first().waitFor({ state: 'attached' });
      expect(Number(await page.locator('#losses-count').textContent())).toBeGreaterThanOrEqual(1);
    },
    timeout,
  );

  it(
    'shows a dead holder until its lease is over, and that somebody took over',
    async () => {
      await page.locator('.lock[data-key="imports/feed"] rect.orphan').first().waitFor({ state: 'attached' });
      await page.locator('.note.taken-over', { hasText: 'imports/feed' }).first().waitFor();
      await page.locator('.note.process', { hasText: 'killed by the demo' }).first().waitFor();
    },
    timeout,
  );

  it(
    'says what a bar is when it is pointed at',
    async () => {
      // What still lasts reaches to the right edge, and somebody has or wants the catalogue nearly always.
      const track = page.locator('.lock[data-key="catalogue"] .track');
      const { width = 0 } = (await track.boundingBox()) ?? {};
      await expect
        .poll(
          async () => {
            await track.hover({ position: { x: width - 3 - 20 * Math.random(), y: 10 } });
            return (await page.locator('.tip').first().isVisible()) ? page.locator('.tip').first().textContent() : '';
          },
          { timeout: 30_000 },
        )
        .toMatch(/^\S+ \(.+\) (?:has )?held it for \d.*, token \d+/);
    },
    timeout,
  );

  it(
    'can be worked with the keyboard',
    async () => {
      const key = page.getByRole('button', { name: 'catalogue' });
      await key.focus();
      await page.keyboard.press('Enter');
      expect(await key.getAttribute('aria-expanded')).toBe('true');
      await page
        .locator('.lock[data-key="catalogue"] .recent li', { hasText: /held it for|waited/ })
        .first()
        .waitFor();
      await page.keyboard.press('Enter');
      expect(await page.locator('.lock[data-key="catalogue"] .recent').isVisible()).toBe(false);
      const lane = page.getByRole('img', { name: /The last minute of catalogue: held \d+ times, \d+ waits/ });
      expect(await lane.count()).toBe(1);
    },
    timeout,
  );

  it(
    'stands still when it is told to, and goes on',
    async () => {
      await page.getByRole('button', { name: 'Pause' }).click();
      await page.locator('#connection.paused').waitFor();
      const before = await page.locator('#counts').textContent();
      await demo.until(
        async () =>
          (await demo.view()).totals.events >
          Number(/([\d,]+) messages/.exec(before ?? '')?.[1]?.replaceAll(',', '')) + 50,
      );
      expect(await page.locator('#counts').textContent()).toBe(before);
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.locator('#connection.live').waitFor();
      await expect.poll(() => page.locator('#counts').textContent(), { timeout: 30_000 }).not.toBe(before);
    },
    timeout,
  );

  it(
    'fits a narrow window without a scroll bar to the side',
    async () => {
      await page.setViewportSize({ width: 800, height: 1000 });
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      expect(overflow).toBeLessThanOrEqual(0);
      await page.setViewportSize({ width: 1280, height: 1000 });
    },
    timeout,
  );

  it(
    'follows the colours of the system',
    async () => {
      const ground = (): Promise<string> => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      await page.emulateMedia({ colorScheme: 'light' });
      const light = await ground();
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await ground()).not.toBe(light);
      await page.emulateMedia({ colorScheme: null });
    },
    timeout,
  );

  it('asked nobody but the demo, and had nothing to complain about', () => {
    expect(open.asked.filter((url) => !url.startsWith(demo.url))).toEqual([]);
    expect(open.complaints).toEqual([]);
  });
});

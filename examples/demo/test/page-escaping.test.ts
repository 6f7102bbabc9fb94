import { createConsole } from '@lockscope/console';
import { ListenerSet, toWire, type Event } from '@lockscope/core';
import { expect, it } from 'vitest';

import { describeWith } from '../../../test/support/describe-with.ts';
import { openPage } from './open-page.ts';

describeWith('chromium', 'the page and what comes from outside', ({ chromium }) => {
  it('shows markup in names as the text that it is', async () => {
    const evil = (name: string): string => `<img src=x onerror="alert('${name}')"><b>${name}</b>`;
    const lockConsole = await createConsole({ port: 0, title: evil('title') });
    const open = await openPage(chromium, lockConsole.url);
    try {
      const process = evil('process');
      lockConsole.processStarted(process, { about: evil('about') });
      const tell = (phase: 'start' | 'action' | 'end') => (event: Event) =>
        void lockConsole.ingest(process, toWire(event), phase);
      const listeners = new ListenerSet({ listeners: [{ name: 'page', onAction: tell('action'), on: tell('end') }] });
      const init = {
        lockKey: evil('key'),
        lockName: evil('name'),
        ownerId: evil('owner'),
        operation: evil('operation'),
      };
      const blocker = { ownerId: evil('blocker'), operation: evil('blocking') };
      const waiting = listeners.begin('lock', init)?.child('lock.acquire');
      waiting?.action('acquire.contended', { blocker });
      const held = listeners.begin('lock', init);
      held?.child('lock.acquire')?.end('acquired', {
        details: { attempts: 1, waitMs: 0, contended: false, fencingToken: 1 },
      });
      const evidence = {
        sinceConfirmedMs: 1,
        eventLoopDelayMs: 1,
        failedRenewals: 0,
        renewalPending: false,
        successor: blocker,
      };
      const details = { reason: evil('reason') as 'forced', fencingToken: 1, evidence };
      held?.child('lease.lost')?.end('lost', { details });
      listeners.begin('lock.force_release', init)?.end('forced', { details: { reason: evil('force') } });

      const { page } = open;
      await page.locator('#losses > li').waitFor();
      await page.locator('.waiter').waitFor();
      await page.locator('.lock h3 button').click();
      const text = (await page.locator('body').textContent()) ?? '';
      for (const name of ['title', 'process', 'key', 'name', 'blocking', 'reason', 'force'])
        expect(text).toContain(evil(name));
      expect(await page.locator('img, b').count()).toBe(0);
      expect(open.complaints).toEqual([]);
    } finally {
      await open.browser.close();
      await lockConsole.close();
    }
  }, 120_000);
});

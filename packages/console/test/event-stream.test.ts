import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { EventStream } from '../src/event-stream.ts';
import type { View } from '../src/page/view.ts';

/** An open page, as the server sees it. */
class FakePage extends EventEmitter {
  writableNeedDrain = false;
  ended = false;
  destroyed = false;
  readonly sent: { readonly since: number; readonly revision: number }[] = [];

  writeHead(): this {
    return this;
  }

  write(text: string): boolean {
    const data = /^event: view\ndata: (.*)\n\n$/.exec(text)?.[1];
    if (data !== undefined) this.sent.push(JSON.parse(data) as FakePage['sent'][number]);
    return !this.writableNeedDrain;
  }

  end(): void {
    this.ended = true;
    this.emit('close');
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }

  get response(): ServerResponse {
    return this as never;
  }
}

describe('what open pages are sent', () => {
  let revision = 1;
  let stream: EventStream;

  beforeEach(() => {
    vi.useFakeTimers();
    revision = 1;
    stream = new EventStream(
      (since) => ({ since, revision, now: Date.now() }) as unknown as View,
      () => revision,
      () => Date.now(),
    );
  });

  afterEach(() => {
    stream.close();
    vi.useRealTimers();
  });

  it('is everything at once, then only what is new', () => {
    const page = new FakePage();
    stream.add(page.response);
    expect(page.sent).toEqual([{ since: 0, revision: 1, now: Date.now() }]);
    revision = 9;
    vi.advanceTimersByTime(250);
    expect(page.sent.at(-1)).toMatchObject({ since: 1, revision: 9 });
  });

  it('comes at most four times a second, however much happens', () => {
    const page = new FakePage();
    stream.add(page.response);
    for (let ms = 0; ms < 1000; ms += 10) {
      revision += 5;
      vi.advanceTimersByTime(10);
    }
    expect(page.sent.length).toBeLessThanOrEqual(5);
  });

  it('is silent while nothing happens, but for a sign of life', () => {
    const page = new FakePage();
    stream.add(page.response);
    vi.advanceTimersByTime(1900);
    expect(page.sent).toHaveLength(1);
    vi.advanceTimersByTime(200);
    expect(page.sent).toHaveLength(2);
  });

  it('is not piled up for a page that does not read, which misses nothing when it does', () => {
    const page = new FakePage();
    stream.add(page.response);
    page.writableNeedDrain = true;
    for (let n = 0; n < 20; n += 1) {
      revision += 1;
      vi.advanceTimersByTime(250);
    }
    expect(page.sent).toHaveLength(1);
    page.writableNeedDrain = false;
    vi.advanceTimersByTime(250);
    expect(page.sent.at(-1)).toMatchObject({ since: 1, revision: 21 });
  });

  it('ends for a page that does not read for half a minute', () => {
    const page = new FakePage();
    stream.add(page.response);
    page.writableNeedDrain = true;
    vi.advanceTimersByTime(31_000);
    expect(page.destroyed).toBe(true);
  });

  it('is made for nobody when no page is open', () => {
    const page = new FakePage();
    stream.add(page.response);
    page.emit('close');
    expect(vi.getTimerCount()).toBe(0);
    const next = new FakePage();
    stream.add(next.response);
    revision = 2;
    vi.advanceTimersByTime(250);
    expect(page.sent).toHaveLength(1);
    expect(next.sent).toHaveLength(2);
  });

  it('goes to 32 pages, and the next one is turned away', () => {
    for (let n = 0; n < 32; n += 1) expect(stream.add(new FakePage().response)).toBe(true);
    expect(stream.add(new FakePage().response)).toBe(false);
  });

  it('ends for all when the stream is closed', () => {
    const page = new FakePage();
    stream.add(page.response);
    stream.close();
    expect(page.ended).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});

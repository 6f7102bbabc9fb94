import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { FromWorker, Telling } from '../src/messages.ts';
import { Outbox } from '../src/outbox.ts';

type News = FromWorker & { readonly kind: 'news' };

const telling = ['start', { id: '1' }] as unknown as Telling;
let sent: News[];
/** Calls that say that a batch is through. */
let through: (() => void)[];
let connected: boolean;
let outbox: Outbox;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  through = [];
  connected = true;
  outbox = new Outbox({
    get connected() {
      return connected;
    },
    send: (message, _handle, _options, done) => {
      sent.push(message as News);
      through.push(done);
    },
  });
});

afterEach(() => {
  vi.useRealTimers();
});

it('sends what was told in batches', () => {
  outbox.tell(telling);
  outbox.tell(telling);
  expect(sent).toHaveLength(0);
  vi.advanceTimersByTime(50);
  expect(sent).toMatchObject([{ kind: 'news', tellings: [telling, telling], dropped: 0 }]);
  vi.advanceTimersByTime(1000);
  expect(sent, 'nothing to tell, nothing to send').toHaveLength(1);
});

it('has a bound, and says how much it had to drop', () => {
  connected = false;
  for (let n = 0; n < 5007; n += 1) outbox.tell(telling);
  connected = true;
  vi.advanceTimersByTime(50);
  expect(sent[0]?.tellings).toHaveLength(5000);
  expect(sent[0]?.dropped).toBe(7);
  outbox.tell(telling);
  vi.advanceTimersByTime(50);
  expect(sent[1]?.dropped, 'told once').toBe(0);
});

it('does not fill the memory of a pipe that nobody reads', () => {
  for (let n = 0; n < 20; n += 1) {
    outbox.tell(telling);
    vi.advanceTimersByTime(50);
  }
  expect(sent).toHaveLength(8);
  through[0]?.();
  vi.advanceTimersByTime(50);
  expect(sent[8]?.tellings).toHaveLength(12);
});

it('sends what is left when it is closed, and says when that is through', async () => {
  outbox.tell(telling);
  const closed = outbox.close();
  expect(sent).toHaveLength(1);
  through[0]?.();
  await closed;
  expect(vi.getTimerCount()).toBe(0);
});

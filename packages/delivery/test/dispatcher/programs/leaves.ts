// A program that leaves work behind: it has to end by itself, at once, and say nothing.
import { localDispatcher } from '../../../src/index.ts';

const dispatcher = localDispatcher({
  onError: () => {
    throw new Error('a hook that throws');
  },
  onDead: async () => {
    throw new Error('a hook that rejects');
  },
});
dispatcher.register('later', () => console.log('this was to come in an hour'));
dispatcher.register(
  'failing',
  async () => {
    throw new Error('always');
  },
  { retry: { maxAttempts: 1 } },
);
dispatcher.register('again', () => Promise.reject(new Error('always')), { retry: { delayMs: () => 3_600_000 } });
dispatcher.register('limited', () => new Promise(() => undefined), { timeLimitMs: 3_600_000 });
await dispatcher.dispatch('later', 1, { delayMs: 3_600_000 });
await dispatcher.dispatch('failing', 1);
await dispatcher.dispatch('again', 1);
await dispatcher.dispatch('limited', 1);

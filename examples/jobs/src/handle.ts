import type { Dispatcher } from '@lockscope/delivery';

import type { Jobs } from './jobs.ts';

/** What has to be done with each job: the same code for a dispatcher in memory and for one in Redis. */
export function handle(jobs: Dispatcher<Jobs>, log: (text: string) => void) {
  let left = 4;
  let finish!: () => void;
  const all = new Promise<void>((resolve) => (finish = resolve));
  const one = (): void => {
    left -= 1;
    if (left === 0) finish();
  };
  const removals = [
    jobs.register(
      'book.lend',
      ({ book, reader }) => {
        log(`lend: ${book} to ${reader}`);
        one();
      },
      { name: 'desk' },
    ),
    jobs.register(
      'book.remind',
      ({ book, dueAt }) => {
        log(`remind: ${book} is due on ${dueAt.toISOString().slice(0, 10)}`);
        one();
      },
      { name: 'mail' },
    ),
    jobs.register(
      'book.report',
      ({ books }, { attempt }) => {
        if (attempt === 1) throw new Error('the printer is out of paper');
        log(`report: ${books} books, on attempt ${attempt}`);
        one();
      },
      { name: 'printer', retry: { delayMs: () => 50 } },
    ),
    jobs.register(
      'book.burn',
      (book, { attempt }) => {
        if (attempt === 2) one();
        throw new Error(`nobody burns ${book}`);
      },
      { name: 'stove', retry: { maxAttempts: 2, delayMs: () => 50 } },
    ),
  ];
  const leave = (): void => {
    for (const remove of removals) remove();
  };
  return { all, leave };
}

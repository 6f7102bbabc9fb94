import { describe, expectTypeOf, it } from 'vitest';

import type { Driver, DriverEvent, DriverEventOf } from '../../src/index.ts';

interface Library {
  borrow: (order: { title: string }) => Promise<{ until: number }>;
  returned: (title: string) => void;
}
declare const driver: Driver<Library>;

describe('a driver', () => {
  it('row 90: has a typed payload for each name', async () => {
    const producer = driver.producer();
    expectTypeOf(producer.request('borrow', { title: 'Emma' })).resolves.toEqualTypeOf<{ until: number }>();
    expectTypeOf(producer.send('returned', 'Emma')).resolves.toEqualTypeOf<void>();
    const { reply } = await producer.call('borrow', { title: 'Emma' });
    expectTypeOf(reply).resolves.toEqualTypeOf<{ until: number }>();
    // @ts-expect-error it needs a title
    void producer.request('borrow', 'Emma');
    // @ts-expect-error there is no such event
    void producer.send('burnt', 'Emma');
  });

  it('row 90: gives a consumer the payload and the reply of the name', async () => {
    const event = await driver.consumer().receive();
    expectTypeOf(event).toEqualTypeOf<DriverEventOf<Library>>();
    if (event.name === 'borrow') {
      expectTypeOf(event).toEqualTypeOf<DriverEvent<'borrow', { title: string }, { until: number }>>();
      void event.reply(async ({ signal }) => ({ until: signal.aborted ? 0 : 1 }));
      // @ts-expect-error the answer is something else
      void event.reply(() => 'never');
    }
    void driver.consumer().serve({
      borrow: ({ title }, { signal }) => ({ until: signal.aborted ? 0 : title.length }),
      returned: (title) => void title,
    });
    // @ts-expect-error the answer is something else
    void driver.consumer().serve({ borrow: () => 7 });
  });
});

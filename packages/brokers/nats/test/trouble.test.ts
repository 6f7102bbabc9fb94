import { randomUUID } from 'node:crypto';

import type { Broker } from '@lockscope/delivery';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { Child } from '../../../../test/support/child.ts';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startNats, type NatsTestServer } from '../../../../test/support/servers/nats.ts';
import { sourceProgram } from '../../../../test/support/source-program.ts';
import { natsBroker } from '../src/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describeWith('nats-server', 'a broker in trouble', () => {
  let server: NatsTestServer;
  beforeAll(async () => {
    server = await startNats();
  });
  afterAll(() => server.stop());

  it(
    'row 99: an event whose process is killed in mid-work is handled again, by another',
    { timeout: 60_000 },
    async () => {
      const { url } = server;
      const name = `n${randomUUID()}`;
      const broker = natsBroker({ servers: url, stream: name });
      await broker.publish('work', bytes('an order'));
      const program = await sourceProgram(new URL('programs/member.ts', import.meta.url));
      // It is ready when it works.
      const member = await Child.start(program, [url, name]);
      const handled: string[] = [];
      const subscription = broker.subscribe(
        'work',
        ({ body, attempt }) => handled.push(`${new TextDecoder().decode(body)}, attempt ${attempt}`),
        { group: 'workers', ackWaitMs: 500 },
      );
      await subscription.ready;
      expect(handled).toEqual([]);
      await member.kill();
      await expect.poll(() => handled, { timeout: 20_000 }).toEqual(['an order, attempt 2']);
      expect(subscription.stats).toMatchObject({ redelivered: 1, handled: 1 });
      await broker.close();
    },
  );

  it('a server that stands still is not taken for one that answers', { timeout: 60_000 }, async () => {
    const { url } = server;
    const name = `n${randomUUID()}`;
    const broker = natsBroker({ servers: url, stream: name, timeoutMs: 300 });
    await broker.publish('a', bytes('1'));
    server.freeze();
    await expect(broker.publish('a', bytes('2'))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    server.thaw();
    await expect
      .poll(
        () =>
          broker.publish('a', bytes('3')).then(
            () => true,
            () => false,
          ),
        { timeout: 20_000 },
      )
      .toBe(true);
    await broker.close();
  });

  it(
    'a server that was killed and forgot everything: what is published from then on is not missed',
    { timeout: 60_000 },
    async () => {
      const name = `n${randomUUID()}`;
      const [broker, publishing] = [0, 1].map(() =>
        natsBroker({ servers: server.url, stream: name, store: 'memory' }),
      ) as [Broker, Broker];
      const heard: string[][] = [[], []];
      for (const [at, group] of [undefined, 'group'].entries()) {
        const subscription = broker.subscribe('a', ({ body }) => heard[at]?.push(new TextDecoder().decode(body)), {
          group,
        });
        await subscription.ready;
      }
      for (const text of ['1', '2', '3']) await publishing.publish('a', bytes(text));
      await expect
        .poll(() => heard, { timeout: 20_000 })
        .toEqual([
          ['1', '2', '3'],
          ['1', '2', '3'],
        ]);
      await server.restart();
      await expect
        .poll(
          () =>
            publishing.publish('a', bytes('4')).then(
              () => true,
              () => false,
            ),
          { timeout: 20_000 },
        )
        .toBe(true);
      await expect.poll(() => heard.map((texts) => texts.slice(3)), { timeout: 20_000 }).toEqual([['4'], ['4']]);
      await publishing.publish('a', bytes('5'));
      await expect
        .poll(() => heard.map((texts) => texts.slice(3)), { timeout: 20_000 })
        .toEqual([
          ['4', '5'],
          ['4', '5'],
        ]);
      await broker.close();
      await publishing.close();
    },
  );
});

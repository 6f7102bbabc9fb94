import assert from 'node:assert/strict';

import type { Delivery, SubscribeOptions } from '@lockscope/delivery';

import { textOf, type BrokerScript } from './broker-trial.ts';

const ways: readonly (readonly [string, SubscribeOptions])[] = [
  ['a subscription', {}],
  ['a group', { group: 'one' }],
];

/** @internal */
export const failing: readonly BrokerScript[] = ways.flatMap(([way, options]): BrokerScript[] => [
  {
    name: `failing: ${way} gets an event again whose handler rejected, and what is behind it meanwhile`,
    body: async (trial) => {
      const attempts: number[] = [];
      const heard = await trial.hear('a', { ...options, retryDelayMs: 200 }, ({ body, attempt }) => {
        if (textOf(body) !== 'bad') return;
        attempts.push(attempt);
        if (attempt < 3) throw new Error('not yet');
      });
      await trial.publish('a', 'bad', 'good');
      await trial.until(() => heard.subscription.stats.handled === 2, 'both are handled');
      assert.deepEqual(attempts, [1, 2, 3]);
      assert.deepEqual(heard.texts, ['bad', 'good', 'bad', 'bad']);
      const { delivered, redelivered, failed, dead, pending } = heard.subscription.stats;
      assert.deepEqual([delivered, redelivered, failed, dead, pending], [4, 2, 2, 0, 0]);
    },
  },
  {
    name: `failing: ${way} is told of a dead event once, with its error, and does not get it again`,
    body: async (trial) => {
      const dead: (readonly [string, number, unknown])[] = [];
      const error = new Error('never');
      const onDead = (delivery: Delivery, reason: unknown): void =>
        void dead.push([textOf(delivery.body), delivery.attempt, reason]);
      const heard = await trial.hear('a', { ...options, maxDeliveries: 2, onDead }, ({ body }) => {
        if (textOf(body) === 'bad') throw error;
      });
      await trial.publish('a', 'bad', 'good');
      await trial.until(() => heard.subscription.stats.dead === 1, 'it is dead');
      await trial.quiet();
      assert.deepEqual(dead, [['bad', 2, error]]);
      assert.equal(heard.texts.filter((text) => text === 'bad').length, 2);
      const { handled, failed, pending } = heard.subscription.stats;
      assert.deepEqual([handled, failed, pending], [1, 2, 0]);
    },
  },
  {
    name: `failing: ${way} does not lose a dead event that onDead could not put away`,
    body: async (trial) => {
      let told = 0;
      const onDead = (): void => {
        told += 1;
        if (told < 3) throw new Error('no room');
      };
      const heard = await trial.hear('a', { ...options, maxDeliveries: 1, onDead }, () =>
        Promise.reject(new Error('no')),
      );
      await trial.publish('a', 'bad');
      await trial.until(() => heard.subscription.stats.dead === 1, 'it is put away');
      assert.equal(told, 3);
      assert.equal(heard.texts.length, 1);
    },
  },
  {
    name: `failing: for ${way} a handler that takes too long has failed, and its signal says so`,
    body: async (trial) => {
      let aborted = 0;
      const heard = await trial.hear('a', { ...options, timeoutMs: 50 }, ({ attempt, body, signal }) => {
        if (attempt > 1 || textOf(body) !== 'slow') return undefined;
        return new Promise(() => signal.addEventListener('abort', () => (aborted += 1)));
      });
      await trial.publish('a', 'slow', 'next');
      await trial.until(() => heard.subscription.stats.handled === 2, 'both are handled');
      assert.equal(aborted, 1);
      assert.equal(heard.subscription.stats.failed, 1);
    },
  },
  {
    name: `failing: for ${way} hooks that throw or reject harm nothing`,
    body: async (trial) => {
      const hooks: SubscribeOptions = {
        onError: (): never => {
          throw new Error('from onError');
        },
        retryDelayMs: () => {
          throw new Error('from retryDelayMs');
        },
      };
      const heard = await trial.hear('a', { ...options, ...hooks }, ({ attempt, body }) => {
        if (attempt === 1 && textOf(body) === 'bad') throw new Error('once');
      });
      await trial.publish('a', 'bad', 'good');
      await trial.until(() => heard.subscription.stats.handled === 2, 'both are handled');
      await trial.until(() => heard.subscription.stats.errors >= 3, 'they are counted');
    },
  },
]);

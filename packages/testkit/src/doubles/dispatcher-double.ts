import { localDispatcher, type Dispatcher, type TopicHandler, type TopicHandlerOptions } from '@lockscope/delivery';

import type { DispatcherDemands, DispatcherSetup } from '../dispatcher-contract/options.ts';

/** A dispatcher with one defect, to show that the contract sees it. */
export interface DispatcherDouble {
  /** The defect in words. */
  readonly name: string;
  /** Every case of `dispatcherContract` that it must fail; all others it passes. */
  readonly caughtBy: readonly string[];
  readonly create: (demands: DispatcherDemands) => DispatcherSetup;
}

type Verbs = Pick<Dispatcher, 'dispatch' | 'register' | 'ready' | 'deadLetters' | 'retryDead' | 'counters' | 'close'>;

/** A good dispatcher in which some verbs do something else. */
export function spoiled(demands: DispatcherDemands, spoil: (good: Dispatcher) => Partial<Verbs>): DispatcherSetup {
  const good = localDispatcher(demands);
  const verbs: Verbs = {
    dispatch: (topic, event, options) => good.dispatch(topic, event, options),
    register: (topic, handler, options) => good.register(topic, handler, options),
    ready: () => good.ready(),
    deadLetters: (filter) => good.deadLetters(filter),
    retryDead: (filter) => good.retryDead(filter),
    counters: () => good.counters(),
    close: (options) => good.close(options),
    ...spoil(good),
  };
  return { dispatcher: { ...verbs, name: 'double', [Symbol.asyncDispose]: async () => void (await verbs.close()) } };
}

/** A good dispatcher whose handlers, or their options, are something else. */
export function withHandlers(
  demands: DispatcherDemands,
  spoil: (handler: TopicHandler<unknown>, options: TopicHandlerOptions, topic: string) => TopicHandler<unknown>,
): DispatcherSetup {
  return spoiled(demands, (good) => ({
    register: (topic, handler, options = {}) =>
      good.register(topic, typeof handler === 'function' ? spoil(handler, options, topic) : handler, options),
  }));
}

// What goes wrong in this example, on purpose.
import type { Broker } from '@lockscope/delivery';

/** Every tenth message is published twice, so that not even the broker can tell. */
export function stuttering(broker: Broker): Broker {
  let published = 0;
  const publish: Broker['publish'] = async (subject, body, options = {}) => {
    published += 1;
    if (published % 10 === 0) await broker.publish(subject, body, { ...options, id: undefined });
    return broker.publish(subject, body, options);
  };
  return Object.assign(Object.create(broker) as Broker, { publish });
}

/** Every tenth call fails, now before its work is done, now after it. */
export function failing<Given extends readonly unknown[]>(work: (...given: Given) => unknown): typeof work {
  let calls = 0;
  return async (...given) => {
    calls += 1;
    const turn = calls % 20;
    if (turn === 10) throw new Error('it failed before its work');
    await work(...given);
    if (turn === 0) throw new Error('it failed after its work');
  };
}

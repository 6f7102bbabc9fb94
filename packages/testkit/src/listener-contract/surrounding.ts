import assert from 'node:assert/strict';

import { parseTraceparent, type Event, type Listener } from '@lockscope/core';

import { stories } from './stories.ts';
import type { ListenerScript } from './telling.ts';

/** Calls `look` for every event when it starts, with the listener. */
function forEveryStart(look: (listener: Listener, event: Event) => void): ListenerScript['body'] {
  return async (trial) => {
    const failures: unknown[] = [];
    trial.listeners.add({
      name: 'looks',
      onStart(event) {
        try {
          look(trial.setup.listener, event);
        } catch (error) {
          failures.push(error);
        }
      },
    });
    trial.tell(...stories);
    await trial.flush();
    if (failures.length > 0) throw failures[0];
  };
}

function runsOnce(listener: Listener, event: Event): void {
  let calls = 0;
  const given = { some: 'result' };
  const result = listener.around?.(event, () => {
    calls += 1;
    return given;
  });
  assert.equal(calls, 1, `it ran the caller's code ${calls} times`);
  assert.equal(result, given, "it gave another result than the caller's code");
}

function passesOn(listener: Listener, event: Event): void {
  const thrown = new Error('thrown by the caller');
  assert.throws(
    () =>
      listener.around?.(event, () => {
        throw thrown;
      }),
    (error) => error === thrown,
    "it did not pass on what the caller's code threw",
  );
}

function offersWellFormed(listener: Listener, event: Event): void {
  const offered = listener.traceparent?.(event);
  if (offered !== undefined) assert.ok(parseTraceparent(offered) !== undefined, `${offered} is no traceparent`);
}

export const surrounding: readonly ListenerScript[] = [
  {
    name: "around: runs the caller's code once, at once, and gives its result",
    body: forEveryStart((listener, event) => {
      if (listener.around !== undefined) runsOnce(listener, event);
    }),
  },
  {
    name: "around: passes on what the caller's code throws",
    body: forEveryStart((listener, event) => {
      if (listener.around !== undefined) passesOn(listener, event);
    }),
  },
  {
    name: 'traceparent: is well-formed or absent, and its asking never fails',
    body: forEveryStart(offersWellFormed),
  },
];

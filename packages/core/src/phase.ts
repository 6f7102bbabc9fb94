/** @internal That an event has started. */
export const started = 0;

/** @internal That a step was recorded. */
export const stepped = 1;

/** @internal That an event has ended. */
export const ended = 2;

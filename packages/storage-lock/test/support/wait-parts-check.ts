import type { Event, Listener } from '@lockscope/core';

/** Notes every acquire whose parts are not what its wait was spent on: they are missing, or do not add up to it. */
export class WaitPartsCheck implements Listener {
  readonly name = 'wait parts';
  readonly types = ['lock.acquire'] as const;
  readonly problems: string[] = [];

  on(event: Event): void {
    if (event.type !== 'lock.acquire' || event.details === undefined) return;
    const { contended, segments, waitMs } = event.details;
    const of = `${event.lockKey} of ${event.ownerId} (${event.outcome})`;
    if (contended !== (segments !== undefined)) this.problems.push(`${of}: contended and parts do not agree`);
    if (segments === undefined) return;
    const sum = segments.reduce((total, { ms }) => total + ms, 0);
    if (!(Math.abs(sum - waitMs) < 1e-6)) this.problems.push(`${of}: ${sum} of ${waitMs} ms in its parts`);
    if (segments.length > 32) this.problems.push(`${of}: ${segments.length} parts`);
    if (!segments.every(({ ms }) => ms > 0)) this.problems.push(`${of}: an empty part`);
  }
}

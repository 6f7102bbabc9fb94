import type { OpenEvent } from '@lockscope/core';

/** @internal One question for more time, until it has its answer or nobody waits for it any more. */
export interface OpenRenewal {
  readonly sentAt: number;
  event: OpenEvent<'lease.renew'> | undefined;
  call: OpenEvent<'storage.renew'> | undefined;
}

/** More open questions than this would only add to what a slow storage has to do. */
const most = 3;

/** @internal The renewals of one lease that have no answer yet, oldest first. */
export class OpenRenewals {
  #open: OpenRenewal[] = [];

  get first(): OpenRenewal | undefined {
    return this.#open[0];
  }

  get isFull(): boolean {
    return this.#open.length >= most;
  }

  add(sentAt: number): OpenRenewal {
    const renewal: OpenRenewal = { sentAt, event: undefined, call: undefined };
    this.#open.push(renewal);
    return renewal;
  }

  /** False when nobody waits for this answer any more. */
  close(renewal: OpenRenewal): boolean {
    const index = this.#open.indexOf(renewal);
    if (index === -1) return false;
    this.#open.splice(index, 1);
    return true;
  }

  /** Nobody waits for the answers any more to what was asked up to that moment. */
  abandon(upTo: number, at: number): void {
    const abandoned = this.#open.filter(({ sentAt }) => sentAt <= upTo);
    if (abandoned.length === 0) return;
    this.#open = this.#open.filter(({ sentAt }) => sentAt > upTo);
    for (const { event, call } of abandoned) {
      call?.end('abandoned', { at });
      event?.end('abandoned', { at });
    }
  }
}

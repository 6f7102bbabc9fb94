import { encodeEvent, type Event } from '@lockscope/core';

/** What the validator knows of one event. */
export class EventNode {
  /** The event itself: a live one shows its state so far. */
  readonly event: Event;
  readonly id: string;
  readonly parentId: string | undefined;
  readonly children: EventNode[] = [];
  /** Actions that were told one by one. */
  actions = 0;
  ended = false;
  #sealed: string | undefined;

  constructor(event: Event) {
    this.event = event;
    this.id = event.id;
    this.parentId = event.parentId;
  }

  end(): void {
    this.ended = true;
    this.#sealed = encodeEvent(this.event);
  }

  /** True when an ended event does not read as it did when it was told. */
  get hasChanged(): boolean {
    return this.#sealed !== undefined && this.#sealed !== encodeEvent(this.event);
  }
}

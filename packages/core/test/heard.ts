import { snapshot, type Action, type Event, type Listener } from '../src/index.ts';

/** A listener that keeps what it hears: a line for each call, and a copy of each event that has ended. */
export class Heard implements Listener {
  readonly name: string;
  readonly lines: string[] = [];
  readonly ended: Event[] = [];

  constructor(name = 'heard') {
    this.name = name;
  }

  onStart(event: Event): void {
    this.lines.push(`${event.type} starts`);
  }

  onAction(event: Event, action: Action): void {
    this.lines.push(`${event.type}: ${action.name}`);
  }

  on(event: Event): void {
    this.lines.push(`${event.type} ends`);
    this.ended.push(snapshot(event));
  }
}

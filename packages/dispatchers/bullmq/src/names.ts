/** A text as a part of a name that BullMQ takes; the dot is left free to stand between parts. */
function part(text: string): string {
  return encodeURIComponent(text).replaceAll('.', '%2E');
}

/** The queue in which events wait for a handler. */
export function queueOf(dispatcher: string, topic: string, handler: string): string {
  return `${dispatcher}.${part(topic)}.${part(handler)}`;
}

/** The queue that holds the names of a topic's handlers; nobody works on it. */
export function rosterOf(dispatcher: string, topic: string): string {
  return `${dispatcher}.${part(topic)}`;
}

/** A job's id must be no number, and must have no colon. */
export function jobIdOf(id: string): string {
  return `e.${encodeURIComponent(id)}`;
}

import type { FinishedSpan, SpanLink } from './messages.ts';

const capacity = 100;

/** A finished span, and the worker that it came from. */
export interface KnownSpan extends FinishedSpan {
  readonly process: string;
}

/** The last hundred finished spans of the fleet, as a tracing back end would have them. */
export class SpanList {
  readonly #spans: KnownSpan[] = [];
  readonly #processName: (pid: unknown) => string | undefined;

  /** `processName` tells which worker has or had a process id. */
  constructor(processName: (pid: unknown) => string | undefined) {
    this.#processName = processName;
  }

  add(process: string, spans: readonly FinishedSpan[]): void {
    this.#spans.push(...spans.map((span) => ({ process, ...span })));
    this.#spans.splice(0, this.#spans.length - capacity);
  }

  /** Newest first. */
  get all(): readonly KnownSpan[] {
    return this.#spans.toReversed();
  }

  /** For people: one block for each span, newest first. */
  text(): string {
    const head = 'The last 100 finished spans of the fleet, newest first. As JSON: /spans.json\n';
    return `${[head, ...this.all.map((span) => this.#describe(span))].join('\n')}\n`;
  }

  #describe(span: KnownSpan): string {
    const { name, process, startedAt, durationMs, attributes, links, failure, traceId, spanId } = span;
    const facts = [
      new Date(startedAt).toISOString().slice(11, 23),
      name,
      attributes['lock.key'],
      `${Math.round(durationMs)} ms`,
      `in ${process}`,
      attributes['lock.outcome'],
      failure,
    ];
    const lines = links.map((link) => `  ${wordsOf(link)} ${this.#blocker(link)}`);
    return [
      facts.filter((fact) => fact !== undefined).join('  '),
      ...lines,
      `  span ${spanId} of trace ${traceId}`,
      '',
    ].join('\n');
  }

  #blocker({ spanId, traceId, attributes }: SpanLink): string {
    const of = this.#spans.find((span) => span.spanId === spanId);
    const process = of?.process ?? this.#processName(attributes['lock.blocker.pid']) ?? 'an unknown process';
    const operation = attributes['lock.blocker.operation'];
    const what = [of?.name, operation].filter((word) => word !== undefined).join(', ');
    return `span ${spanId} of process ${process}${what === '' ? '' : ` (${what})`} in trace ${traceId}`;
  }
}

/** What a link says: `blocked by`, `handed off from`, … */
function wordsOf({ attributes }: SpanLink): string {
  const type = attributes['lock.link.type'];
  return typeof type === 'string' ? type.replaceAll('_', ' ') : 'linked to';
}

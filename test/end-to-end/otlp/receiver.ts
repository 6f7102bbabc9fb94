// An OTLP/HTTP receiver in a process of its own: keeps what it is sent, as JSON, and can be told to be a bad one.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

type Mode = 'good' | 'silent' | 'full' | 'gone';

interface KeyValue {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly intValue?: number | string;
    readonly doubleValue?: number;
    readonly boolValue?: boolean;
  };
}

interface OtlpSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly links?: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: readonly KeyValue[];
  }[];
}

interface OtlpBody {
  readonly resourceSpans?: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly { readonly name: string }[] }[];
  }[];
}

const spans: unknown[] = [];
const metrics = new Set<string>();
let mode: Mode = 'good';
let refused = 0;

const server = createServer((request, response) => {
  const answer = (status: number, body: unknown = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  void read(request).then((text) => {
    if (request.url === '/mode') {
      mode = text as Mode;
      return answer(200);
    }
    if (request.url === '/told') return answer(200, { spans, metrics: [...metrics], refused });
    if (mode !== 'good') refused += 1;
    if (mode === 'silent') return undefined;
    if (mode === 'gone') return request.socket.destroy();
    if (mode === 'full') return answer(503);
    keep(JSON.parse(text) as OtlpBody);
    return answer(200);
  });
});

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += String(part);
  return text;
}

function keep(body: OtlpBody): void {
  for (const { resource, scopeSpans } of body.resourceSpans ?? []) {
    const service = valuesOf(resource.attributes)['service.name'];
    for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
      const { name, traceId, spanId, parentSpanId, startTimeUnixNano, endTimeUnixNano } = span;
      const links = (span.links ?? []).map((link) => ({ ...link, attributes: valuesOf(link.attributes) }));
      const times = { start: Number(startTimeUnixNano) / 1e6, end: Number(endTimeUnixNano) / 1e6 };
      spans.push({
        service,
        name,
        traceId,
        spanId,
        parentSpanId,
        ...times,
        attributes: valuesOf(span.attributes),
        links,
      });
    }
  }
  for (const { scopeMetrics } of body.resourceMetrics ?? []) {
    for (const { name } of scopeMetrics.flatMap((scope) => scope.metrics)) metrics.add(name);
  }
}

function valuesOf(attributes: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? Number(value.intValue ?? value.doubleValue),
    ]),
  );
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** A key-value service as there are many: it stores texts, and writes them only if the version is the expected one. */
export function keyValueServer(): Server {
  const records = new Map<string, { version: number; text: string }>();
  return createServer((request, response) => {
    answer(records, request, response).catch(() => response.writeHead(500).end());
  });
}

async function answer(
  records: Map<string, { version: number; text: string }>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const key = searchParams.get('key') ?? '';
  const known = records.get(key);
  response.setHeader('x-time', performance.timeOrigin + performance.now());
  if (pathname === '/records') {
    const prefix = searchParams.get('prefix') ?? '';
    const found = [...records].filter(([name]) => name.startsWith(prefix));
    response.end(JSON.stringify(found.map(([name, record]) => ({ key: name, ...record }))));
  } else if (request.method === 'PUT') {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    // Looked at again after the body came: comparing and setting are one step, because nothing is awaited in between.
    const expected = records.get(key)?.version ?? 0;
    const matches = Number(request.headers['if-match']) === expected;
    if (matches) records.set(key, { version: Number(request.headers['x-version']), text });
    response.writeHead(matches ? 204 : 412).end();
  } else if (known === undefined) {
    response.writeHead(404).end();
  } else {
    response.writeHead(200, { etag: String(known.version) }).end(known.text);
  }
}

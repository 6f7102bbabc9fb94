import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An endpoint as they are: of seven requests one fails, one asks for patience, one hangs and one is cut off. */
export async function flakyEndpoint(): Promise<{
  url: string;
  asked: () => number;
  taken: string[];
  stop: () => void;
}> {
  const taken: string[] = [];
  let asked = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      asked += 1;
      const luck = asked % 7;
      if (luck === 1) response.writeHead(503).end();
      else if (luck === 3) response.writeHead(429, { 'retry-after': '0' }).end();
      else if (luck === 5) request.socket.destroy();
      else if (luck !== 0) {
        taken.push(body);
        response.writeHead(204).end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://localhost:${port}/hooks/locks`, asked: () => asked, taken, stop };
}

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { describeWith } from '../../../../test/support/describe-with.ts';
import { sourceProgram } from '../../../../test/support/source-program.ts';
import { HttpFailedError, httpSink } from '../../src/index.ts';
import { LocalServer } from './http-server.ts';

const run = promisify(execFile);

describeWith('openssl', 'an HTTP sink and certificates', ({ openssl }) => {
  let folder: string;
  let server: LocalServer;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lockscope-tls-'));
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name)) as [string, string];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    await run(openssl, ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject]);
    server = await LocalServer.start(({ response }) => void response.end(), {
      key: readFileSync(key, 'utf8'),
      cert: readFileSync(cert, 'utf8'),
    });
  });

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('row 71: a server that nobody vouches for gets no event, and another attempt cannot help', async () => {
    const error = await httpSink(server.url)
      .write({ secret: 1 })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HttpFailedError);
    expect(error).toMatchObject({ reason: 'DEPTH_ZERO_SELF_SIGNED_CERT', retryable: false });
    expect(server.arrived).toEqual([]);
  });

  it('row 71: a certificate that the process was told to trust is trusted', async () => {
    const program = await sourceProgram(new URL('programs/send-one.ts', import.meta.url));
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') };
    const { stdout } = await run(process.execPath, [program, server.url], { env, timeout: 60_000 });
    expect(stdout.trim()).toBe('committed');
    expect(server.arrived.map(({ body }) => body)).toEqual(['{"n":1}']);
  }, 60_000);
});

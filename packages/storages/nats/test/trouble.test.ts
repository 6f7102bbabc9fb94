import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { afterAll, describe, expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/describe-with.ts';
import { startNats } from '../../../../test/support/servers/nats.ts';
import { freePort } from '../../../../test/support/servers/ports.ts';
import { NatsBucketError, NatsOptionsError, NatsStorage, type NatsStorageOptions } from '../src/index.ts';
import { newRequest, take, until, waitInLine } from '../../../../test/support/requests.ts';
import { World } from './world.ts';

describe('the options', () => {
  test('are checked when the storage is made, and all that is wrong is said at once', () => {
    const wrong = {
      servers: [''],
      connection: {},
      bucket: 'no.dots',
      replicas: 7,
      store: 'tape',
      timeoutMs: 0,
      conflictRetries: -1,
      maxWaiters: 1e9,
      retries: 3,
    } as unknown as NatsStorageOptions;
    let error: unknown;
    try {
      void new NatsStorage(wrong);
    } catch (cause) {
      error = cause;
    }
    expect(error).toBeInstanceOf(NatsOptionsError);
    const { code, problems } = error as NatsOptionsError;
    expect(code).toBe('INVALID_OPTIONS');
    expect(problems).toEqual([
      expect.stringContaining('there is no option "retries"; known are connection, servers,'),
      'connection and servers or connect exclude each other',
      'connection must be a connection of nats.js 3, got object',
      'servers must be texts that are not empty',
      'bucket must be 1 to 64 letters, digits, _ or -, got "no.dots"',
      'store must be file or memory, got tape',
      'replicas must be a whole number from 1 to 5, got 7',
      'timeoutMs must be a whole number from 1 to 600000, got 0',
      'conflictRetries must be a whole number from 0 to 10000, got -1',
      'maxWaiters must be a whole number from 0 to 1000, got 1000000000',
    ]);
  });

  test('say what the storage states: one whose bucket is in memory is not durable', () => {
    expect(new NatsStorage({ store: 'memory' }).capabilities.durable).toBe(false);
    expect(new NatsStorage().capabilities.durable).toBe(true);
  });
});

describeWith('nats-server', 'trouble with NATS', () => {
  const world = new World();
  afterAll(() => world.stop());

  test('no server: a StorageError, and it works once there is one', async () => {
    const server = await startNats();
    const storage = new NatsStorage({ servers: server.url });
    await server.kill();
    await expect(storage.acquire(newRequest('a'))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      operation: 'acquire',
    });
    await server.start();
    await take(storage, newRequest('a'));
    await storage.close();
    await server.stop();
  });

  test('a server without JetStream: the error says how to switch it on', async () => {
    const server = await startNats({ jetstream: false });
    const storage = new NatsStorage({ servers: server.url });
    await expect(storage.read('a')).rejects.toThrow(NatsBucketError);
    await expect(storage.read('a')).rejects.toThrow(/JetStream is off: start the server with -js/);
    await storage.close();
    await server.stop();
  });

  test('a bucket whose entries run out, or that keeps old ones, is refused and left as it is', async () => {
    const kvm = new Kvm(jetstream(await world.beside()));
    await kvm.create('with-ttl', { ttl: 60_000 });
    await kvm.create('with-history', { history: 5 });
    const { url } = await world.server();
    const problems = { 'with-ttl': /run out by themselves/, 'with-history': /keeps a history of 5/ };
    for (const [bucket, problem] of Object.entries(problems)) {
      const storage = new NatsStorage({ servers: url, bucket });
      await expect(storage.acquire(newRequest('a'))).rejects.toThrow(problem);
      await expect(storage.acquire(newRequest('a'))).rejects.toMatchObject({ code: 'NATS_BUCKET', bucket });
      expect(await world.names(bucket)).toEqual([]);
      await storage.close();
    }
  });

  test('a bucket in memory is refused by one who was not told so', async () => {
    const { url } = await world.server();
    const told = new NatsStorage({ servers: url, bucket: 'in-memory', store: 'memory' });
    await take(told, newRequest('a'));
    const storage = new NatsStorage({ servers: url, bucket: 'in-memory' });
    await expect(storage.read('a')).rejects.toThrow(/kept in memory; say so with the option store/);
    await Promise.all([told.close(), storage.close()]);
  });

  test('a bucket that allows no deleting, as other clients make it, keeps locks and is tidied up by purging', async () => {
    const manager = await jetstreamManager(await world.beside());
    const subjects = ['$KV.strict.>'];
    await manager.streams.add({
      name: 'KV_strict',
      subjects,
      max_msgs_per_subject: 1,
      deny_delete: true,
      discard: 'new',
    });
    const storage = await world.storage('strict');
    const attempt = newRequest('a');
    await take(storage, attempt);
    expect(await storage.release('a', attempt.leaseId)).toEqual({ released: true });
    await take(storage, newRequest('b'));
    await until('a tidy bucket', async () => (await world.names('strict')).toSorted().join() === 'clock,lock.b');
  });

  test('a user who may not write is told so, at once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lockscope-nats-'));
    const configuration = join(folder, 'nats.conf');
    const users = `[
      { user: all, password: all },
      { user: reader, password: reader, permissions: { publish: ["$JS.API.>", "_INBOX.>"], subscribe: ">" } }
    ]`;
    writeFileSync(configuration, `authorization { users: ${users} }\n`);
    const server = await startNats({ args: ['-c', configuration] });
    const all = new NatsStorage({ servers: server.url, connect: { user: 'all', pass: 'all' } });
    await take(all, newRequest('a'));
    const reader = new NatsStorage({ servers: server.url, connect: { user: 'reader', pass: 'reader' } });
    await expect(reader.acquire(newRequest('b'))).rejects.toThrow(/this user may not/);
    const stranger = new NatsStorage({ servers: server.url, connect: { user: 'nobody', pass: 'x' } });
    await expect(stranger.acquire(newRequest('b'))).rejects.toThrow(/does not know this user/);
    await Promise.all([all.close(), reader.close(), stranger.close()]);
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  test('a server that does not answer: the outcome is unknown after timeoutMs', async () => {
    const server = await startNats();
    const storage = new NatsStorage({ servers: server.url, timeoutMs: 200 });
    await storage.read('a');
    server.freeze();
    await expect(storage.acquire(newRequest('a'))).rejects.toThrow(/no answer within 200 ms/);
    server.thaw();
    await storage.close();
    await server.stop();
  });

  test('there is one subscription while somebody watches, however many, and none afterwards', async () => {
    const port = await freePort();
    const server = await startNats({ args: ['-m', String(port)] });
    const storage = new NatsStorage({ servers: server.url });
    const subscribed = async (): Promise<number> => {
      const answer = await fetch(`http://127.0.0.1:${port}/connz?subs=1`);
      const { connections } = (await answer.json()) as { connections: { subscriptions_list?: string[] }[] };
      return connections.flatMap(({ subscriptions_list: list = [] }) => list).filter((one) => one.includes('.news.'))
        .length;
    };
    await take(storage, newRequest('a'));
    expect(await subscribed()).toBe(0);
    const stops = [];
    for (let n = 0; n < 20; n += 1) stops.push((await waitInLine(storage, 'a')).stop);
    expect(await subscribed()).toBe(1);
    for (const stop of stops) stop();
    await until('the end of the subscription', async () => (await subscribed()) === 0);
    await storage.close();
    await server.stop();
  });

  test('examine names what makes locks less safe than they could be', async () => {
    const findings = await (await world.storage(world.newBucket())).examine();
    const levels = Object.fromEntries(findings.map(({ check, level }) => [check, level]));
    expect(levels).toEqual({ replicas: 'warning', store: 'ok', clock: 'ok', server: 'ok' });
  });
});

import type { EventDetails, OpenEvent } from '@lockscope/core';

import { possession } from './stories.ts';
import type { Story, Teller } from './story.ts';

type Anything = EventDetails['unknown'];

function circle(): Anything {
  const ring: Record<string, unknown> = { name: 'ring' };
  ring['self'] = ring;
  ring['list'] = [ring];
  return ring;
}

function deep(): Anything {
  let value: Anything = {};
  for (let depth = 0; depth < 200; depth += 1) value = { value };
  return value;
}

const strange: readonly (() => Anything)[] = [
  circle,
  deep,
  () => ({ big: 2n ** 80n, not: Number.NaN, never: Infinity, nothing: undefined, zero: -0, none: null }),
  treacherous,
  () => ({ symbol: Symbol('s'), run: () => 1, when: new Date(Number.NaN), map: new Map([[1, 2]]), set: new Set([1]) }),
  () => JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"toString":2,"":3,"$date":4}') as Anything,
  () => ({
    long: 'x'.repeat(100_000),
    text: 'a\u0000b\r\n"\\\u2028\ud800<script>{}${}%s',
    list: Array.from({ length: 5000 }, (_, i) => i),
  }),
];

/** Reading it fails, or gives what fails. */
function treacherous(): Anything {
  const bytes = new Uint8Array([1, 2, 3]);
  const refuses = new Proxy({}, { get: failing, ownKeys: failing, getOwnPropertyDescriptor: failing });
  return {
    bytes,
    refuses,
    get fails() {
      return failing();
    },
    toJSON: failing,
    toString: failing,
  };
}

function failing(): never {
  throw new Error('a payload that cannot be read');
}

const names: readonly string[] = [
  '',
  ' ',
  '{}',
  '__proto__',
  'a"b\\c\nd',
  '# HELP x y',
  '\u202e\ud800🔒',
  'n'.repeat(5000),
  '<script>alert(1)</script>',
];

function payloads(teller: Teller): void {
  for (const make of strange) {
    teller.begin('unknown').end('strange', { details: make() });
    const root = teller.begin('lock');
    const acquire = teller.child(root, 'lock.acquire');
    acquire.action('acquire.attempt', make() as never);
    acquire.action('of.another.system' as 'acquire.attempt', make() as never);
    acquire.end('error', { details: make() as never, error: make() });
    root.end('error', { details: make() as never });
  }
}

function texts(teller: Teller): void {
  for (const text of names) {
    const root = teller.begin('lock', {
      lockName: text,
      lockKey: text,
      ownerId: text,
      operation: text,
      storageName: text,
    });
    const acquire = teller.child(root, 'lock.acquire');
    const blocker = { ownerId: text, operation: text, service: text, host: text, traceparent: text, heldForMs: -1 };
    acquire.action('acquire.contended', { blocker });
    acquire.end('timeout', { details: { attempts: 1, waitMs: 1, contended: true, blocker }, error: text });
    root.end('timeout', { details: { contended: true, waitMs: 1, leaseMs: 1, renewals: 0, depth: 0 } });
  }
}

function thrown(teller: Teller): void {
  const loop = new Error('loop');
  loop.cause = loop;
  for (const error of [null, 0, '', 'text', Symbol('s'), 5n, {}, [], loop, () => 1, new Error('e', { cause: null })]) {
    teller.begin('lock.inspect').end('error', { error });
  }
}

function impossibleNumbers(teller: Teller): void {
  for (const value of [-1, Number.NaN, Infinity, -0, 2 ** 60]) {
    const root = teller.begin('lock');
    const details = { attempts: value, waitMs: value, contended: true };
    teller.child(root, 'lock.acquire').end('acquired', { details });
    const renewal = { utilization: value, roundTripMs: value, failures: value };
    teller.child(root, 'lease.renew').end('renewed', { details: renewal });
    root.end('released', { details: { ...details, holdMs: value, leaseMs: value, renewals: value, depth: value } });
  }
}

function withoutDetails(teller: Teller): void {
  const root = teller.begin('lock');
  teller.child(root, 'lock.acquire').end('acquired');
  teller.child(root, 'lease.renew').end('failed');
  teller.child(root, 'lease.lost').end('lost');
  teller.child(root, 'lock.release').end('stale');
  root.end('lost');
}

function wrongOrder(teller: Teller): void {
  const root = teller.begin('lock');
  const acquire = teller.child(root, 'lock.acquire');
  const call = teller.child(acquire, 'storage.acquire');
  root.end('error');
  acquire.end('acquired', { at: -5 });
  call.end('ok');
  teller.child(root, 'lock.release').end('released');
  teller.child(acquire, 'storage.acquire').end('ok');
}

function neverEnded(teller: Teller): void {
  for (let tree = 0; tree < 50; tree += 1) {
    const root = teller.begin('lock', { lockKey: `never/${tree}` });
    const acquire: OpenEvent = teller.child(root, 'lock.acquire');
    teller.child(acquire, 'storage.acquire');
  }
}

function manyNames(teller: Teller): void {
  for (let index = 0; index < 500; index += 1) {
    const root = teller.begin('lock', { lockName: `name-${index}`, operation: `op-${index}`, ownerId: `o-${index}` });
    teller.child(root, 'lock.acquire').end('not_acquired', { details: { attempts: 1, waitMs: 0, contended: true } });
    root.end('not_acquired', { details: { contended: true, waitMs: 0, leaseMs: 1, renewals: 0, depth: 0 } });
  }
  possession(teller);
}

/** What nobody should tell, and what a listener has to survive all the same. */
export const hostileStories: readonly Story[] = [
  { name: 'payloads that cannot be written as JSON', tell: payloads },
  { name: 'names and texts that break formats', tell: texts },
  { name: 'thrown values that are no errors', tell: thrown },
  { name: 'numbers that cannot be', tell: impossibleNumbers },
  { name: 'events that end without details', tell: withoutDetails },
  { name: 'parents that end before their children', tell: wrongOrder },
  { name: 'events that never end', tell: neverEnded },
  { name: 'hundreds of names', tell: manyNames },
];

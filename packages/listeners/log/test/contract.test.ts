import { listenerContract } from '@lockscope/testkit';
import { describe, test } from 'vitest';

import { log } from '../src/index.ts';
import { Sheet } from './script.ts';

describe('the listener contract, JSON lines', () => {
  const create = () => {
    const stream = new Sheet();
    const listener = log({ stream });
    return { listener, told: () => stream.lines.length + listener.dropped };
  };
  for (const { name, run } of listenerContract({ create })) test(name, run);
});

describe('the listener contract, drawn trees', () => {
  const create = () => {
    const stream = new Sheet();
    // The first line of a tree begins with the time of day; all others begin with a space.
    return {
      listener: log({ stream, format: 'pretty' }),
      told: () => stream.lines.filter((line) => /^\d/.test(line)).length,
    };
  };
  for (const { name, run } of listenerContract({ create, accounts: ({ parentId }) => parentId === undefined }))
    test(name, run);
});

describe('the listener contract, a logger', () => {
  const take = (text: string, fields: object): void => void [text, fields];
  const logger = { debug: take, info: take, warn: take, error: take };
  for (const { name, run } of listenerContract({ create: () => ({ listener: log({ logger }) }) })) test(name, run);
});

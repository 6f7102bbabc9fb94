import { expect, it } from 'vitest';

import { ArgumentsError, parseArguments } from '../src/arguments.ts';

it('runs until it is stopped, on the usual port, without a browser, when nothing is asked for', () => {
  expect(parseArguments([])).toEqual({ help: false, port: 7420, forSeconds: undefined, open: false });
});

it('takes what it offers', () => {
  expect(parseArguments(['--for', '2.5', '--port=0', '--open'])).toMatchObject({
    forSeconds: 2.5,
    port: 0,
    open: true,
  });
  expect(parseArguments(['--no-open', '-h'])).toMatchObject({ help: true, open: false });
});

it('names everything that is wrong at once', () => {
  const wrong = (): unknown => parseArguments(['--for', '0', '--port', '1e3', '--open', '--no-open']);
  expect(wrong).toThrow(ArgumentsError);
  expect(wrong).toThrow(/--port.*1e3[\s\S]*--for.*got 0[\s\S]*cannot go together/);
});

it.each(['', ' ', '-1', '86401', 'Infinity', 'NaN', '1s'])('refuses to run for "%s"', (seconds) => {
  expect(() => parseArguments([`--for=${seconds}`])).toThrow(ArgumentsError);
});

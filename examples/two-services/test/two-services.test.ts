import { expect, test } from 'vitest';

import { runExample } from '../../../test/support/run-example.ts';

test('the trace that waited names the trace of the other service, and its very span', async () => {
  const { code, stdout, stderr } = await runExample('two-services');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const told =
    /^POST \/orders\/\{id\} waited for orders\/42\n {2}trace (\w{32})\nblocked by nightly invoices of billing\n {2}trace (\w{32}), span \w{16}, which is "lock orders\/\{id\}"\n$/.exec(
      stdout,
    );
  expect(told, stdout).not.toBeNull();
  expect(told?.[1]).not.toBe(told?.[2]);
});

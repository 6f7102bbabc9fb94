import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { run } from '../support/pack.mjs';

const main = fileURLToPath(new URL('main.mjs', import.meta.url));

// Those that need no server. What they say of speed in so short a time means nothing, so nobody looks at it.
const benches = ['dispatch', 'lock', 'instrumentation', 'log', 'otel', 'sinks', 'bus', 'requests', 'dispatcher'];

describe('a bench', () => {
  it.each(benches)(
    'of the name %s runs to its end and prints numbers',
    async (name) => {
      const printed = await run(process.execPath, ['--expose-gc', main, name, '--quick'], process.cwd());
      expect(printed).toContain(`# ${name} (Node`);
      expect(printed).toMatch(/\d+\.\d+/);
      expect(printed).not.toMatch(/\bundefined\b/);
    },
    120_000,
  );

  it('that there is not is refused, and those that there are are named', async () => {
    await expect(run(process.execPath, [main, 'speed'], process.cwd())).rejects.toThrow(
      /No benchmark speed\. There is: .*dispatcher/,
    );
  });
});

import { fileURLToPath } from 'node:url';

import { build } from 'vite';

/** Core with all that it needs, as one script for a browser: it defines `core`, and nothing else. */
export async function bundleCore(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      target: 'es2022',
      minify: false,
      lib: { entry: fileURLToPath(new URL('../src/index.ts', import.meta.url)), formats: ['iife'], name: 'core' },
    },
  });
  const [bundle] = [built].flat();
  if (bundle === undefined || !('output' in bundle)) throw new Error('Vite built nothing');
  return bundle.output[0].code;
}

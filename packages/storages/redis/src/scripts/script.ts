import { createHash } from 'node:crypto';

/** A script that the server runs as one step. */
export interface Script {
  readonly source: string;
  /** By which the server knows it once it has seen it. */
  readonly sha: string;
}

/** Comments and indentation stay here: the server reads the source each time it forgot it. */
export function script(source: string): Script {
  const lines = source.split('\n').map((line) => line.trim());
  const sent = lines.filter((line) => line !== '' && !line.startsWith('--')).join('\n');
  return Object.freeze({ source: sent, sha: createHash('sha1').update(sent).digest('hex') });
}

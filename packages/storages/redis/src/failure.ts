/** What kind of failure Redis reported, by the first word of its answer. Redis 6 has it in the middle of a script's error. */
const codes =
  /\b(NOAUTH|WRONGPASS|NOPERM|READONLY|MOVED|ASK|CROSSSLOT|CLUSTERDOWN|MASTERDOWN|LOADING|OOM|MISCONF|BUSY|NOREPLICAS|WRONGTYPE|FOREIGN|TRYAGAIN)\b/;

export function failureOf(error: unknown): string | undefined {
  return codes.exec(textOf(error))?.[1];
}

/** True when what stands under the key is not a record. */
export function isForeign(error: unknown): boolean {
  const failure = failureOf(error);
  return failure === 'WRONGTYPE' || failure === 'FOREIGN';
}

/** What a person is told about it. */
export function describeFailure(error: unknown): string {
  const text = textOf(error);
  switch (failureOf(error)) {
    case 'NOAUTH':
    case 'WRONGPASS':
      return `the server wants a user and a password that it accepts: ${text}`;
    case 'NOPERM':
      return `the user of this connection may not do that: allow it ~<prefix>:*, &<prefix>:* and the commands that the README lists (${text})`;
    case 'READONLY':
      return 'this is a replica: connect to the master, or through Sentinel or Cluster, which know where it is';
    case 'MOVED':
    case 'ASK':
    case 'CROSSSLOT':
      return `the server belongs to a cluster: give a cluster client (${text})`;
    case 'CLUSTERDOWN':
    case 'MASTERDOWN':
    case 'TRYAGAIN':
      return `the cluster does not serve this key at present: ${text}`;
    case 'LOADING':
      return 'the server still reads its data after a start';
    case 'OOM':
      return 'the server has reached maxmemory and takes no writes: give it more memory';
    case 'MISCONF':
      return `the server cannot save its data and takes no writes: ${text}`;
    case 'NOREPLICAS':
      return `the server has fewer replicas than min-replicas-to-write: ${text}`;
    case 'BUSY':
      return 'a script of somebody runs for too long: see SCRIPT KILL';
    default:
      return isCutOff(error) ? `the connection broke, or there was none (${text})` : text;
  }
}

const cutOff = new Set(['MaxRetriesPerRequestError', 'SocketClosedUnexpectedlyError', 'ClientOfflineError']);

/** What the clients say in words of their own options when a command met the end of its connection. */
function isCutOff(error: unknown): boolean {
  return error instanceof Error && cutOff.has(error.constructor.name);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The console cannot listen there. `cause` is the system's error; its `code` is `EADDRINUSE` when the port is taken. */
export class ConsoleListenError extends Error {
  readonly code = 'CONSOLE_LISTEN';
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const why = cause.code === 'EADDRINUSE' ? 'the port is taken: give another one, or 0 for any' : cause.message;
    super(`the console cannot listen on ${host}:${port}: ${why}`, { cause });
    this.name = 'ConsoleListenError';
    this.host = host;
    this.port = port;
  }
}

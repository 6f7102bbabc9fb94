import { DeliveryError } from '../delivery-error.ts';

/** What was done to the file when it failed. */
export type FileOperation = 'open' | 'write' | 'sync' | 'rotate' | 'close';

/** The file could not be written. None of the events whose writes reject with this is in the file. */
export class FileSinkError extends DeliveryError {
  readonly code = 'FILE_FAILED';
  readonly operation: FileOperation;
  readonly path: string;
  /** The code of the system: `ENOSPC`, `EACCES`. */
  readonly reason: string | undefined;
  /** Space may be made and rights be given. */
  readonly retryable = true;

  constructor(operation: FileOperation, path: string, cause: unknown) {
    const code = (cause as { code?: unknown } | undefined)?.code;
    const reason = typeof code === 'string' ? code : undefined;
    super(`${path}: ${operation} failed${reason === undefined ? '' : `: ${reason}`}`, { cause });
    this.operation = operation;
    this.path = path;
    this.reason = reason;
  }
}

import { DeliveryError } from '../delivery-error.ts';

/** What the errors of an HTTP sink have in common: whether another attempt can help. A `Retrying` looks for that. */
export abstract class HttpSinkError extends DeliveryError {
  abstract override readonly code: 'HTTP_STATUS' | 'HTTP_TIMEOUT' | 'HTTP_FAILED';
  abstract readonly retryable: boolean;
  /** Where the event was sent, without user, password, query and fragment. */
  readonly url: string;

  constructor(url: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.url = url;
  }
}

/** The server answered, but not with a status from 200 to 299. Redirects are not followed: most would lose the event. */
export class HttpStatusError extends HttpSinkError {
  readonly code = 'HTTP_STATUS';
  readonly status: number;
  /** For 408, 425, 429 and those from 500 on, except 501 and 505. */
  readonly retryable: boolean;
  /** What the server asked for with `Retry-After`, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;
  /** The beginning of what it said, at most 1,000 characters. Untrusted. */
  readonly body: string;

  constructor(url: string, status: number, retryAfterMs: number | undefined, body: string) {
    super(url, `${url} answered ${status}`);
    this.status = status;
    this.retryable = [408, 425, 429].includes(status) || (status >= 500 && status !== 501 && status !== 505);
    this.retryAfterMs = retryAfterMs;
    this.body = body;
  }
}

/** The server did not answer in time. It may have taken the event all the same. */
export class HttpTimeoutError extends HttpSinkError {
  readonly code = 'HTTP_TIMEOUT';
  readonly retryable = true;
  readonly timeoutMs: number;

  constructor(url: string, timeoutMs: number) {
    super(url, `${url} did not answer within ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}

/** There was no answer: not reached, cut off, not trusted. The reason is the `cause`. */
export class HttpFailedError extends HttpSinkError {
  readonly code = 'HTTP_FAILED';
  /** False when the certificate of the server is not trusted, and for a URL that cannot be asked. */
  readonly retryable: boolean;
  /** The code of the system or of TLS: `ECONNREFUSED`, `DEPTH_ZERO_SELF_SIGNED_CERT`. Absent in browsers. */
  readonly reason: string | undefined;

  constructor(url: string, cause: unknown) {
    const reason = reasonOf(cause);
    super(url, `${url} could not be asked${reason === undefined ? '' : `: ${reason}`}`, { cause });
    this.reason = reason;
    this.retryable = reason === undefined || !/CERT|^ERR_TLS|^ERR_SSL|ERR_INVALID_URL|UNABLE_TO_/.test(reason);
  }
}

/** `fetch` hides what happened in a cause, sometimes among several. */
function reasonOf(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > 4) return undefined;
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  if (typeof code === 'string') return code;
  return reasonOf(cause, depth + 1) ?? (Array.isArray(errors) ? reasonOf(errors[0], depth + 1) : undefined);
}

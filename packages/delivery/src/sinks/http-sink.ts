import { InvalidOptionsError, unknownOptions } from '@lockscope/core';

import { FunctionSink } from './function-sink.ts';
import { EncodingError } from './encoding-error.ts';
import { HttpFailedError, HttpStatusError, HttpTimeoutError } from './http-errors.ts';
import { toJson } from './internal/encode.ts';
import { longestTimerMs } from '../internal/pause.ts';
import { retryAfterMs } from './internal/retry-after.ts';
import { onAbort } from '../internal/signals.ts';
import type { Sink } from './sink.ts';

/** Options of {@link httpSink}. */
export interface HttpSinkOptions<T = unknown> {
  /** Default `POST`. */
  readonly method?: 'POST' | 'PUT' | 'PATCH';
  /** Sent along; a function for those that differ from event to event, such as an idempotency key or a signature. */
  readonly headers?: HeadersOf | ((event: T, body: string | Uint8Array) => HeadersOf);
  /** The body of a request. Default: the event as JSON, with the content type `application/json`. */
  readonly encode?: (event: T) => string | Uint8Array;
  /** How long one attempt may take until its answer, in milliseconds (at most 2147483647). Default 10,000. */
  readonly timeoutMs?: number;
  /** Whatever else `fetch` understands; in Node that is also a `dispatcher`, for certificates and proxies. */
  readonly init?: Readonly<Record<string, unknown>>;
  /** Default: that of the platform. */
  readonly fetch?: typeof fetch;
}

/** Headers by name. */
export type HeadersOf = Readonly<Record<string, string>>;

const known = new Set(['method', 'headers', 'encode', 'timeoutMs', 'init', 'fetch']);
/** More of an answer is not read; the connection is given up instead. */
const mostBytes = 65_536;
const mostSaid = 1000;

/**
 * Sends each event in a request of its own. It is committed when the answer has a status from 200 to 299. Everything else
 * rejects: `HttpStatusError`, `HttpTimeoutError`, `HttpFailedError` and `EncodingError` say by `retryable` whether
 * another attempt can help, and the first one by `retryAfterMs` when; a `Retrying` before it heeds both. Requests run side
 * by side; put a `Queue` before it for one at a time.
 *
 * An attempt that timed out or was cut off may have reached the server: send an idempotency key where that matters.
 *
 * @throws {InvalidOptionsError} naming everything that is wrong.
 */
export function httpSink<T = unknown>(url: string | URL, options: HttpSinkOptions<T> = {}): Sink<T> {
  const { timeoutMs = 10_000, method = 'POST' } = options;
  const problems = unknownOptions(options, known);
  const target = URL.canParse(String(url)) ? new URL(url) : undefined;
  if (target === undefined || !/^https?:$/.test(target.protocol))
    problems.push('url must be an absolute URL with http: or https:');
  if (!(timeoutMs > 0 && timeoutMs <= longestTimerMs))
    problems.push(`timeoutMs must be above 0 and at most ${longestTimerMs}, got ${String(timeoutMs)}`);
  if (!['POST', 'PUT', 'PATCH'].includes(method)) problems.push(`method must be POST, PUT, PATCH, got ${method}`);
  if (problems.length > 0 || target === undefined) throw new InvalidOptionsError(problems);
  const shown = `${target.origin}${target.pathname}`;
  const request = new Requests<T>(target, shown, { ...options, timeoutMs, method });
  return new FunctionSink<T>((event, { signal }) => request.send(event, signal));
}

type Checked<T> = HttpSinkOptions<T> & Required<Pick<HttpSinkOptions<T>, 'timeoutMs' | 'method'>>;

class Requests<T> {
  readonly #url: URL;
  /** Without what may be secret. */
  readonly #shown: string;
  readonly #authorization: HeadersOf;
  readonly #options: Checked<T>;

  constructor(url: URL, shown: string, options: Checked<T>) {
    // fetch takes no user and password in a URL.
    const { username, password } = url;
    this.#authorization = username === '' ? {} : { authorization: `Basic ${basic(username, password)}` };
    this.#url = new URL(url);
    this.#url.username = '';
    this.#url.password = '';
    this.#shown = shown;
    this.#options = options;
  }

  async send(event: T, signal: AbortSignal): Promise<void> {
    const { encode = toJson, headers, method, timeoutMs, init } = this.#options;
    const body = encode(event);
    const given = typeof headers === 'function' ? headers(event, body) : headers;
    const checked = headersOf({ ...this.#authorization, ...given });
    const controller = new AbortController();
    const release = onAbort(signal, () => controller.abort(signal.reason));
    const timeout = new HttpTimeoutError(this.#shown, timeoutMs);
    const timer = setTimeout(() => controller.abort(timeout), timeoutMs);
    try {
      const response = await (this.#options.fetch ?? fetch)(this.#url, {
        ...init,
        method,
        // What the two know of the memory behind bytes differs from one version of TypeScript to the next.
        body: body as string,
        headers: checked,
        redirect: 'manual',
        signal: controller.signal,
      });
      const said = await beginningOf(response);
      if (response.ok) return;
      const after = retryAfterMs(response.headers.get('retry-after'), Date.now());
      throw new HttpStatusError(this.#shown, response.status, after, said);
    } catch (error) {
      if (error instanceof HttpStatusError) throw error;
      if (signal.aborted) throw signal.reason;
      throw controller.signal.aborted ? timeout : new HttpFailedError(this.#shown, error);
    } finally {
      clearTimeout(timer);
      release();
    }
  }
}

function headersOf(given: HeadersOf): Headers {
  try {
    const headers = new Headers(given);
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    return headers;
  } catch (error) {
    throw new EncodingError('a header that HTTP does not know', { cause: error });
  }
}

function basic(username: string, password: string): string {
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/**
 * Reads an answer to its end, so that its connection can be used again, or gives the connection up when the answer does
 * not end. What was decided by the status is not undone by a body that breaks off.
 */
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const decoder = new TextDecoder();
  let said = '';
  let bytes = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      bytes += part.value.length;
      if (said.length < mostSaid) said += decoder.decode(part.value.subarray(0, mostSaid * 4), { stream: true });
      if (bytes > mostBytes) {
        await reader.cancel();
        break;
      }
    }
  } catch {
    // Cut off, or out of time: the status is known all the same.
  }
  return said.slice(0, mostSaid);
}

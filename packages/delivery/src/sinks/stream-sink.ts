import { FunctionSink } from './function-sink.ts';
import { onAbort } from '../internal/signals.ts';
import type { Sink } from './sink.ts';

/**
 * A `WritableStream` of the web as a sink; `Writable.toWeb` of Node makes one of a stream of Node. Locks the stream. An
 * event is committed when the stream has written it. Closing the sink closes the stream; a stream that is not done at
 * the closer's signal is aborted.
 *
 * @throws {TypeError} when the stream is locked already.
 */
export function streamSink<T>(stream: WritableStream<T>): Sink<T> {
  const writer = stream.getWriter();
  // Every write is told of what broke the stream; nobody else is.
  writer.closed.catch(() => {});
  writer.ready.catch(() => {});
  return new FunctionSink<T>((event) => writer.write(event), {
    close: async ({ signal }) => {
      const release = onAbort(signal, () => void writer.abort(signal.reason).catch(() => {}));
      try {
        await writer.close();
      } finally {
        release();
      }
    },
  });
}
